# The letter to who connects with a mail client that copies the mailbox to somebody's cloud.
cloud-subject = Votre logiciel de messagerie n'a pas été connecté
cloud-refused = { $client } a voulu ouvrir votre boîte { $address }. La connexion a été refusée.
cloud-why = Ce logiciel ne lit pas la boîte lui-même : il confie votre mot de passe et une copie de tous vos messages aux serveurs de son éditeur. Les messages de vos patients quitteraient le cabinet.
cloud-instead = Prenez un logiciel qui se connecte lui-même : Outlook classique (sur ordinateur), Apple Mail (sur Mac, iPhone et iPad), Thunderbird (sur ordinateur), Thunderbird ou K-9 Mail (sur Android), mutt.
cloud-password = Le mot de passe que vous y aviez tapé est connu de l'éditeur : demandez à l'administrateur de le révoquer et d'en faire un autre.
cloud-footer = Cet avis vient de votre serveur Pli, une fois par jour au plus. Il est inutile d'y répondre.
