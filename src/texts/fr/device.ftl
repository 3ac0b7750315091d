# The letter about a device that was added to a mailbox.
device-subject = Un appareil a été ajouté à votre boîte
device-added = L’appareil « { $label } » ({ $person }) a été ajouté à la boîte { $address } { $at }.
device-sends = Il envoie seulement, et ne peut rien lire.
device-reads = Il peut lire tous vos messages.
device-will-read = Il pourra lire tous vos messages dès la prochaine connexion de l’un de vos appareils.
device-waits = Il peut envoyer, et ne peut pas encore lire. Pour qu’il lise, répondez « oui », seul sur la première ligne, depuis un appareil qui lit déjà vos messages.
device-unknown = Si vous ne le connaissez pas, appelez l’administrateur tout de suite : il peut le retirer.
device-footer = Cet avis vient de votre serveur Pli. Il est inutile d’y répondre.
device-reads-now = L’appareil « { $label } » peut maintenant lire tous vos messages.
device-not-let-in = L’appareil « { $label } » ne peut toujours pas lire : votre réponse vient d’un appareil qui ne lit pas lui-même. Répondez depuis un autre.
device-still-waits = L’appareil « { $label } » ne peut toujours pas lire. Rien n’a changé.
