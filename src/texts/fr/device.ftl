# The letter about a device that was added to a mailbox.
device-subject = Un appareil a été ajouté à votre boîte
device-added = L’appareil « { $label } » ({ $person }) a été ajouté à la boîte { $address } { $at }.
device-sends = Il envoie seulement, et ne peut rien lire.
device-reads = Il peut lire tous vos messages.
device-will-read = Il pourra lire tous vos messages dès la prochaine connexion de l’un de vos appareils.
device-waits = Il peut envoyer, et ne peut pas encore lire. Pour qu’il lise, l’administrateur l’ajoute à nouveau avec l’un de vos mots de passe.
device-unknown = Si vous ne le connaissez pas, appelez l’administrateur tout de suite : il peut le retirer.
device-footer = Cet avis vient de votre serveur Pli. Il est inutile d’y répondre.
