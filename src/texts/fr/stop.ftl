# The letter to who wrote to somebody that refuses our short messages.
stop-subject = Une personne a refusé les SMS de votre cabinet
stop-refused = La personne à qui vous avez écrit ({ $address }, téléphone { $number }) a refusé les SMS du cabinet en répondant STOP.
stop-still = Vos messages lui parviennent encore par e-mail, et elle peut recevoir son code par appel téléphonique. Les SMS ne partiront plus.
stop-again = Si c’est une erreur, qu’elle écrive au numéro qui lui a envoyé le SMS pour les accepter de nouveau ; l’administrateur lève ensuite le blocage (pli code forget).
stop-footer = Cet avis vient de votre serveur Pli. Il est inutile d’y répondre.
