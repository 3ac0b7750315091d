# What comes back of notices: why a letter was not delivered, and the one answer to who presses Reply.
bounce-why-spam = le serveur du destinataire a pris l'avis pour un courrier indésirable.
bounce-why-no-server = aucun serveur ne reçoit de courrier pour cette adresse. Elle est sans doute mal écrite.
bounce-other-what = Le destinataire n'a rien reçu. L'adresse est sans doute juste : téléphonez, ou envoyez un nouveau message à une autre adresse.
bounce-said = Son serveur a répondu : { $said }
bounce-answer-subject = { $practice } : personne ne lit cette adresse
bounce-answer = Personne ne lit les réponses à cette adresse. Votre message n'a été ni lu, ni gardé, ni transmis.
bounce-answer-open = Pour lire la lettre de { $practice }, ouvrez le lien de notre e-mail.
bounce-answer-call = Pour parler à { $practice }, appelez le { $telephone }. En cas d'urgence, appelez le 112.
bounce-answer-call-known = Pour parler à { $practice }, appelez le numéro que vous connaissez. En cas d'urgence, appelez le 112.
