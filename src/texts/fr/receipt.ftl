# Why a recipient or a message is refused. Read by practitioners in their mail client.
refused-unknown = { $address } : cette boîte n'existe pas ici. Vérifiez l'adresse.
refused-suspended = { $address } : cette boîte est fermée pour le moment.
refused-health-space = { $address } est une adresse de l'espace de confiance santé, que ce serveur n'échange pas encore. Écrivez-lui depuis votre messagerie MSSanté.
refused-address-number = { $address } n'est pas un numéro. Écrivez par exemple +33612345678@sms suivi de votre domaine.
refused-from = L'expéditeur écrit dans le message (From) doit être { $address }, l'adresse de votre boîte.
refused-sender = L'expéditeur de l'envoi doit être { $address }, l'adresse de votre boîte.
refused-rate-minute = Trop de messages en une minute ({ $count } au plus). Rien n'est parti. Renvoyez ce message dans une minute.
refused-rate-day = Trop de messages envoyés aujourd'hui ({ $count } au plus par jour). Rien n'est parti. Renvoyez ce message demain, ou demandez à l'administrateur d'augmenter la limite.
refused-encrypted = Un message déjà chiffré ne peut pas être lu sur une page. Envoyez-le sans chiffrement : Pli le scelle pour { $address }.
refused-only-number = Un numéro seul ne suffit pas : il faut aussi l'adresse électronique de la personne.
refused-no-relay = { $address } : ce serveur ne peut pas encore écrire à des personnes de l'extérieur. L'administrateur doit dire comment partent les avis.
refused-too-many = Un message peut aller à vingt personnes de l'extérieur au plus. Envoyez-en plusieurs. Rien n'est parti.
refused-no-header = Ce message n'a pas d'en-tête. Rien n'est parti.
refused-automatic = Une réponse automatique n'est pas envoyée par lien et code. Rien n'a été envoyé.
refused-days = Une lettre peut être gardée de 1 à 90 jours : [7j] dans l'objet. Rien n'a été envoyé.
refused-preview-alone = { $address } montre ce que la personne recevrait, et doit être le seul destinataire. Envoyez la lettre aux autres dans un second message.

# Why a recipient would be held. One sentence per recipient, after « Rien n'est parti. »
held-nothing-left = Rien n'est parti.
held-no-number = { $address } : aucun numéro de téléphone connu. Ajoutez-le à la fin de l'objet, entre crochets : [06 12 34 56 78], ou faites inscrire la personne dans l'annuaire.
held-two-numbers = { $address } : deux numéros différents. Gardez-en un seul.
held-not-a-number = { $address } : ce qui est entre crochets n'est pas un numéro de téléphone.
held-impossible = { $address } : ce numéro n'existe pas. Vérifiez les chiffres.
held-premium = { $address } : ce numéro est surtaxé ou spécial. Il faut un téléphone ordinaire.
held-satellite = { $address } : les codes ne sont pas envoyés aux téléphones par satellite. Il faut un autre numéro.
held-several-countries = { $address } : ce numéro existe dans plusieurs pays. Écrivez-le avec son indicatif, par exemple +33 ou +377.
held-no-country = { $address } : ce numéro est d'un autre pays. Écrivez-le avec son indicatif, par exemple +687.
held-country = { $address } : les codes ne sont pas envoyés dans ce pays. L'administrateur peut l'autoriser.
held-own-number = { $address } : ce numéro est celui du cabinet, pas celui de la personne.
held-differs = { $address } : ce numéro n'est pas celui de l'annuaire. Vérifiez la personne, ou faites corriger l'annuaire.
held-somebody-elses = { $address } : ce numéro est celui d'une autre personne de l'annuaire. Vérifiez l'adresse et le numéro.
held-old-tag = { $address } : le numéro entre crochets vient d'un ancien message et n'a jamais servi avec cette adresse. Retirez-le, ou écrivez un nouveau message.
held-several-recipients = { $address } : un seul numéro pour plusieurs destinataires. Écrivez un message à chacun.
held-several-persons = { $address } : plusieurs personnes de l'annuaire ont cette adresse. Ajoutez le numéro de la bonne personne entre crochets dans l'objet.
held-mandate-ended = { $address } : cette personne lisait pour une autre, et son mandat a pris fin. Prolongez-le ou retirez-le de l'annuaire.
held-look-alike = { $address } : cette adresse ressemble à une adresse mal écrite. Vérifiez ce qui suit le @.

# Receipts in the practitioner's INBOX. The first line says it all.
receipt-from = Pli
receipt-about = votre message du { $date }
receipt-opened = { $files ->
    [0] Ouvert { $when } (sans pièce jointe)
   *[other] Ouvert { $when } ({ $downloaded ->
        [one] { $downloaded } fichier téléchargé
       *[other] { $downloaded } fichiers téléchargés
    } sur { $files })
}
receipt-downloaded = Tous les fichiers ont été téléchargés { $when }.
receipt-to = Destinataire : { $address }
receipt-failed = Non remis : { $why }
receipt-failed-what = Le destinataire n'a rien reçu. Vérifiez l'adresse, puis envoyez un nouveau message, ou téléphonez.
receipt-why-unknown-address = l'adresse n'existe pas.
receipt-why-full = la boîte du destinataire est pleine.
receipt-why-refused = le serveur du destinataire a refusé l'avis.
receipt-why-no-utf8 = cette adresse a des lettres accentuées ou d'un autre alphabet, que le serveur d'envoi ne sait pas transmettre. Demandez une autre adresse.
receipt-why-gave-up = l'avis n'a pas pu partir malgré plusieurs jours d'essais.
receipt-why-not-opened = la lettre n'a pas été ouverte dans le délai. Elle ne peut plus l'être.
receipt-not-opened-what = Le lien a été envoyé, mais le code n'a jamais été tapé. Répondez oui à cet avis pour renvoyer la lettre avec un nouveau lien, ou téléphonez.
receipt-locked-what = La lettre ne peut plus être lue par ce lien. Si le destinataire en a besoin, répondez oui à cet avis : elle repart avec un nouveau lien. Ou téléphonez.
receipt-why-locked = cent codes faux ont été tapés. Par sécurité, le lien est fermé.
receipt-footer = Cet avis vient de votre serveur Pli. Il est inutile d'y répondre.

# Letters that are asked for again, and links that reached somebody else.
again-subject = Renvoyer une lettre
again-asked = { $address } redemande votre lettre du { $date }, qui ne peut plus être lue.
again-asked-what = Répondez oui à cet avis pour la renvoyer avec un nouveau lien.
again-unproved = C'est dit par quelqu'un qui a le lien, sans code. Rien n'a changé. Un même avis ne vient qu'une fois par jour.
again-sent = La lettre à { $address } est repartie { $when }, avec un nouveau lien.
again-no-copy = La lettre à { $address } n'a pas pu repartir : il n'y en a plus de copie dans vos dossiers, ou cet appareil ne peut pas lire la boîte. Envoyez un nouveau message.
again-not-yours = La lettre à { $address } ne peut repartir que depuis la boîte qui l'a envoyée. Répondez oui depuis cette boîte, ou envoyez un nouveau message.
receipt-not-mine-said = Quelqu'un qui a ouvert le lien envoyé à { $address } dit que votre lettre du { $date } n'est pas pour lui.
receipt-not-mine-what = Vérifiez l'adresse. Répondez annuler à cet avis pour reprendre la lettre.

# An urgent letter that nobody has opened.
urgent-subject = Une lettre urgente n'est pas ouverte
urgent-unread = Urgent et pas encore ouvert : la lettre à { $address }, envoyée le { $date } par { $sender }.
urgent-reminded = { $hours ->
    [one] Plus d'une heure est passée.
   *[other] Plus de { $hours } heures sont passées.
} La personne est prévenue à nouveau par e-mail, puis par téléphone entre 8 h et 20 h.
urgent-what = Téléphonez-lui si cela ne peut pas attendre. Répondez annuler pour reprendre la lettre.
urgent-what-other = Téléphonez-lui si cela ne peut pas attendre.

# A notice that has not left yet, and a code that nobody could send.
receipt-late = Pas encore parti : { $why }
receipt-late-what = Pli essaie encore ; dernier essai { $until }. Rien à faire pour le moment. Si c'est pressé, téléphonez.
receipt-late-unreachable = le serveur d'envoi ne répond pas.
receipt-late-later = le serveur d'envoi ne prend pas l'avis pour le moment.
receipt-no-code = Aucun code n'a pu être envoyé à { $address } ({ $number }) :
receipt-no-code-unknown-number = ce numéro n'existe pas.
receipt-no-code-landline = ce numéro est une ligne fixe, qui ne reçoit pas de SMS, et aucun appel n'a pu être fait.
receipt-no-code-ceiling = le plafond de codes du jour est atteint.
receipt-no-code-absent = le téléphone est éteint ou ne répond pas.
receipt-no-code-refused = les opérateurs ont refusé le code.
receipt-no-code-what-number = Vérifiez le numéro, faites-le corriger dans l'annuaire, puis envoyez un nouveau message.
receipt-no-code-what-ceiling = Le destinataire pourra réessayer demain. L'administrateur peut augmenter le plafond.
receipt-no-code-what-again = Le destinataire peut réessayer. Si cela dure, vérifiez le numéro ou téléphonez.
