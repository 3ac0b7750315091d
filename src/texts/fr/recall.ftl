# Recalls: letters that their sender takes back. Read by the sender, who answers by mail.
recall-subject = Rappel de lettres
recall-closed = Rappelé : { $address } ne peut plus ouvrir la lettre.
recall-closed-opened = Rappelé : { $address } ne peut plus ouvrir la lettre. Elle avait été ouverte { $when } : ce qui a été lu ou téléchargé ne peut pas être repris.
recall-until = Ses clés seront détruites dans dix minutes. Jusque-là, répondez « non » pour tout rouvrir.
recall-copies = Votre copie reste, et celles de vos confrères aussi.
recall-many = Beaucoup de lettres sont rappelées en peu de temps ({ $count }). Personne ne peut plus les ouvrir, mais leurs clés existent encore.
recall-many-what = Répondez « oui », seul sur la première ligne, pour détruire les clés, ou « non » pour rouvrir ces lettres.
recall-undone = Rappel annulé : les destinataires peuvent de nouveau ouvrir ({ $count }).
recall-confirmed = Confirmé : les clés sont détruites ({ $count }).
