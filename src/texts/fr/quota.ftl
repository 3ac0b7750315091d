# Letters about the room that is left in a mailbox, and what colleagues are told. Read by practitioners.
quota-subject = Votre boîte est remplie à { $percent } %
quota-near = Votre boîte { $address } est remplie à { $percent } % : { $used } sur { $quota }.
quota-next = Quand elle sera pleine, vos confrères ne pourront plus vous écrire. Vous pourrez toujours envoyer, et les accusés d'ouverture arriveront toujours.
quota-soon = Elle sera bientôt pleine. Vos confrères recevront alors un refus, et votre messagerie ne pourra plus y ranger de messages.
quota-what = Pour faire de la place : videz la corbeille et les indésirables, supprimez les anciens messages qui portent de grosses pièces jointes, ou demandez plus de place à l'administrateur.
quota-footer = Cet avis vient de votre serveur Pli. Il ne prend pas de place dans votre boîte. Il est inutile d'y répondre.
quota-full-now = { $address } : cette boîte est pleine, le message n'y est pas entré. Essayez plus tard, ou prévenez votre confrère par téléphone.
quota-full-long = { $address } : cette boîte est pleine depuis plus d'un jour, le message n'y est pas entré. Prévenez votre confrère par téléphone.
quota-size-kb = { $size } Ko
quota-size-mb = { $size } Mo
quota-size-gb = { $size } Go
