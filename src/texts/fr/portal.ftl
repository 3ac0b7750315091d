# The patient's pages. Plain, warm, simple: read at eighty, on a small telephone.

## Moments, sizes, kinds
portal-month-1 = janvier
portal-month-2 = février
portal-month-3 = mars
portal-month-4 = avril
portal-month-5 = mai
portal-month-6 = juin
portal-month-7 = juillet
portal-month-8 = août
portal-month-9 = septembre
portal-month-10 = octobre
portal-month-11 = novembre
portal-month-12 = décembre
portal-day = { $day ->
    [1] 1er
   *[other] { $day }
} { $month }
portal-day-year = { $day ->
    [1] 1er
   *[other] { $day }
} { $month } { $year }
portal-time = { $hour } h { $minute }
portal-hour = { $hour } h
portal-moment = le { $day } à { $time }
portal-at-time = à { $time }
portal-at-day-time = le { $day } à { $time }
portal-until-time = jusqu’à { $time }
portal-until-day-time = jusqu’au { $day } à { $time }
portal-decimal-point = ,
portal-size-bytes = { $size ->
    [one] { $size } octet
   *[other] { $size } octets
}
portal-size-kb = { $size } ko
portal-size-mb = { $size } Mo
portal-kind-pdf = PDF
portal-kind-image = image
portal-kind-audio = son
portal-kind-video = vidéo
portal-kind-calendar = rendez-vous
portal-kind-text = texte
portal-kind-message = message
portal-kind-archive = dossier compressé
portal-kind-sheet = tableau
portal-kind-document = document
portal-kind-other = fichier

## Around every page
portal-skip = Aller au contenu
portal-languages = Langue
portal-demonstration = Démonstration – ne mettez ici aucune vraie information.
portal-call = Téléphone :
portal-error-title = Erreur : { $title }

## The link: how the code shall come
portal-choose-title = Recevoir votre code
portal-choose-heading = Une lettre vous attend
portal-choose-text = Pour la protéger, nous envoyons un code à 6 chiffres sur votre téléphone.
portal-choose-legend = Comment voulez-vous recevoir le code ?
portal-choose-legend-one = Voici comment vous pouvez recevoir le code. Cochez pour accepter :
portal-choose-sms = Par SMS
portal-choose-sms-hint = Un message écrit sur votre téléphone portable
portal-choose-voice = Par appel téléphonique
portal-choose-voice-hint = Votre téléphone sonne, une voix dit les chiffres
portal-choose-button = Envoyer le code
portal-choose-one = Choisissez d’abord : par SMS ou par appel téléphonique.
portal-choose-one-sms = Choisissez d’abord « Par SMS », puis envoyez le code.
portal-choose-one-voice = Choisissez d’abord « Par appel téléphonique », puis envoyez le code.
portal-choose-none = Nous ne pouvons pas envoyer de code en ce moment. Appelez-nous au { $telephone }.
portal-choose-none-silent = Nous ne pouvons pas envoyer de code en ce moment. Réessayez plus tard, ou appelez le cabinet qui vous a écrit.
portal-kept = Cette lettre vous attend jusqu’au { $day }.
portal-wait = Pour le moment, vous ne pouvez pas demander un autre code. Ce sera possible { $at }.
portal-failed-landline = Ce numéro ne reçoit pas les SMS.
portal-failed-unknown-number = Ce numéro n’existe pas. Appelez le cabinet pour le faire corriger.
portal-failed-stopped = Vous avez refusé nos SMS (en répondant STOP).
portal-failed-ceiling = Nous ne pouvons plus envoyer de code à ce numéro pour le moment. Réessayez demain, ou appelez le cabinet.
portal-failed-sms = Le SMS n’a pas pu partir.
portal-failed-voice = L’appel n’a pas pu se faire.
portal-then-again = Essayez encore.
portal-then-sms = Choisissez le SMS.
portal-then-voice = Choisissez l’appel téléphonique.
portal-then-again-or-sms = Essayez encore, ou choisissez le SMS.
portal-then-again-or-voice = Essayez encore, ou choisissez l’appel téléphonique.

## The link: the code
portal-enter-title = Taper votre code
portal-enter-heading = Tapez votre code
portal-sent-sms = Nous avons envoyé un SMS au numéro qui finit par { $two }.
portal-sms-leaving = Nous envoyons un SMS au numéro qui finit par { $two }.
portal-follows = Cette page dit d’elle-même ce que devient le code. Si le code ne peut pas arriver, elle vous montre la suite.
portal-sms-unknown = Nous ne savons pas encore s’il est arrivé.
portal-sms-arrived = Il est arrivé sur le téléphone { $at }.
portal-sms-failed = Le SMS n’est pas arrivé.
portal-phone-absent = Votre téléphone est éteint, ou il n’a pas de réseau.
portal-sent-voice = Nous appelons le numéro qui finit par { $two }. Décrochez, appuyez sur la touche 1 si la voix le demande, et notez les chiffres.
portal-voice-said = Le code a été dit au téléphone { $at }.
portal-voice-nobody = Personne n’a répondu à notre appel, ou aucune touche n’a été appuyée.
portal-voice-failed = L’appel n’a pas abouti.
portal-enter-label = Votre code à 6 chiffres
portal-letters = C’est le code du message marqué « { $letters } ».
portal-enter-button = Ouvrir la lettre
portal-code-until = Ce code est bon { $until }.
portal-tries-left = { $count ->
    [one] Il vous reste { $count } essai.
   *[other] Il vous reste { $count } essais.
}
portal-missing-summary = Le code n’arrive pas ?
portal-missing-text = Cela peut prendre une minute. Vérifiez que votre téléphone est allumé et qu’il a du réseau.
portal-number-gone = Le numéro qui finit par { $two } n’est plus le vôtre ?
portal-number-call = Appelez-nous au { $telephone } : nous le changerons.
portal-number-silent = Appelez le cabinet qui vous a écrit : il le changera.
portal-missed-at = S’il n’est pas là, vous pourrez le recevoir d’une autre façon { $at }. Ce sera le même code.
portal-missed-button = Le code n’est pas arrivé
portal-again-at = Vous pourrez demander un autre code { $at }.
portal-again-sms = Envoyer un autre SMS
portal-again-voice = Appeler encore une fois
portal-other-sms = Recevoir plutôt un SMS
portal-other-voice = Recevoir plutôt un appel
portal-not-a-code = Le code a 6 chiffres. Regardez le message reçu et tapez-les tous.
portal-none-here = Ce code n’a pas été demandé dans cette fenêtre, ou son temps est passé. Demandez un code ici.
portal-code-over = Le temps de ce code est passé : il était bon dix minutes. Demandez-en un autre.
portal-wrong = { $count ->
    [one] Ce n’est pas le bon code. Il vous reste { $count } essai.
   *[other] Ce n’est pas le bon code. Il vous reste { $count } essais.
}
portal-wrong-spent = Ce n’est pas le bon code, et il ne peut plus servir. Demandez-en un autre.

## Where the practice asks for the birth date with the code: never which of the two was wrong
portal-born-legend = Votre date de naissance
portal-born-hint = Par exemple : 27 3 1950
portal-born-day = Jour
portal-born-month = Mois
portal-born-year = Année
portal-born-unread = Il faut le code, qui a 6 chiffres, et votre date de naissance : le jour, le mois, et l’année en 4 chiffres. Tapez les deux à nouveau.
portal-born-wrong = { $count ->
    [one] Le code ou la date de naissance n’est pas juste. Tapez les deux à nouveau. Il vous reste { $count } essai.
   *[other] Le code ou la date de naissance n’est pas juste. Tapez les deux à nouveau. Il vous reste { $count } essais.
}
portal-born-spent = Le code ou la date de naissance n’était pas juste, et ce code ne peut plus servir. Demandez-en un autre.

## The link: not now, or never more
portal-paused-title = Une petite pause
portal-paused-text = Plusieurs codes étaient faux. Vous pourrez essayer à nouveau { $at }.
portal-paused-why = Cette pause protège votre lettre. Rien n’est perdu.
portal-paused-reload = Essayer à nouveau
portal-expired-title = Cette lettre n’est plus disponible
portal-expired-text = Le temps pour la lire est passé, et elle a été effacée.
portal-recalled-title = Cette lettre a été reprise
portal-recalled-text = La personne qui l’a envoyée l’a retirée. Elle ne peut plus être lue.
portal-locked-title = Cette lettre est fermée
portal-locked-text = Trop de codes faux ont été tapés. Pour vous protéger, cette lettre ne s’ouvre plus avec ce lien.
portal-suspended-title = Cette lettre n’est pas disponible pour l’instant
portal-suspended-text = Le cabinet la vérifie avant de la rouvrir. Réessayez plus tard avec ce même lien, ou appelez le cabinet.
portal-ended-call = Pour en recevoir une autre, appelez-nous au { $telephone }.
portal-ended-silent = Pour en recevoir une autre, appelez le cabinet qui vous a écrit.

## The letter
portal-letter-title = Votre lettre
portal-no-subject = Sans objet
portal-no-text = Cette lettre n’a pas de texte.
portal-text-label = Texte de la lettre
portal-from = De
portal-date = Date
portal-files-heading = Fichiers joints
portal-open = Ouvrir
portal-save = Enregistrer
portal-save-all = Tout enregistrer (ZIP, { $size })
portal-files-other = Vous n’arrivez pas à lire un fichier ? Demandez au cabinet de vous le donner autrement.
portal-all-name = Documents
portal-letter-kept = Cette lettre est gardée jusqu’au { $day }. Pensez à enregistrer ce dont vous avez besoin.
portal-session-heading = Cette page
portal-open-until = Cette page reste ouverte { $until }.
portal-prolong = Rester une heure de plus
portal-close = Fermer la lettre
portal-close-hint = Sur un ordinateur partagé, fermez la lettre quand vous avez fini.
portal-closed-title = La lettre est fermée
portal-closed-text = Merci. Plus personne ne peut la lire sur cet appareil sans un nouveau code.
portal-closed-again = Pour la relire, ouvrez encore le lien de votre e‑mail.
portal-gone-title = Cette lettre n’est plus là
portal-gone-text = Elle a été retirée, ou son temps est passé.
portal-gone-call = Pour en savoir plus, appelez-nous au { $telephone }.
portal-gone-silent = Pour en savoir plus, appelez le cabinet qui vous a écrit.

## For everybody
portal-index-title = Lettres confidentielles
portal-index-text = Ici, on lit les lettres qu’un cabinet vous envoie en toute sécurité.
portal-index-open = Pour lire la vôtre, ouvrez le lien qui se trouve dans l’e‑mail que vous avez reçu.
portal-unknown-title = Cette page n’existe pas
portal-unknown-text = Pour lire une lettre, ouvrez le lien qui se trouve dans l’e‑mail que vous avez reçu.
portal-incomplete-title = Le lien est incomplet
portal-incomplete-text = Une partie du lien manque. Retournez à l’e‑mail et touchez le lien, ou recopiez-le en entier.
portal-incomplete-call = Si cela ne marche toujours pas, appelez le cabinet qui vous a écrit.
portal-not-open-title = La page a été fermée
portal-not-open-text = Ouvrez encore le lien de votre e‑mail : un nouveau code vous sera envoyé.
portal-foreign-title = Ouvrez encore le lien
portal-foreign-text = Cette page était trop ancienne, ou elle vient d’une autre fenêtre. Ouvrez encore le lien de votre e‑mail.
portal-foreign-cookies = Si vous revoyez cette page, autorisez les cookies dans les réglages de votre navigateur.
portal-broken-title = Votre réponse n’est pas arrivée entière
portal-broken-text = Elle n’est pas partie. Ouvrez encore le lien de votre e‑mail, et écrivez-la à nouveau.
portal-planted-title = Un autre site gêne cette page
portal-planted-text = Un autre site a laissé ici un cookie qui imite le nôtre. Nous l’avons effacé : ouvrez encore le lien de votre e‑mail. Une réponse que vous venez d’envoyer n’est pas partie.
portal-planted-again = Si vous revoyez cette page, ouvrez le lien dans une fenêtre privée ou dans un autre navigateur.
portal-ask-again = Redemander la lettre
portal-asked-title = C’est demandé
portal-asked-text = Le cabinet qui vous écrit est prévenu. S’il la renvoie, vous recevrez un nouvel e‑mail avec un nouveau lien.
portal-not-mine = Cette lettre n’est pas pour vous ?
portal-not-mine-sure = Oui, cette lettre n’est pas pour moi
portal-not-mine-tell = Prévenir le cabinet
portal-told-title = C’est dit
portal-told-text = Le cabinet est prévenu. Vous pouvez fermer cette page et effacer l’e‑mail.
portal-untold-text = Le cabinet n’a pas pu être prévenu d’ici. Vous pouvez fermer cette page et effacer l’e‑mail.
portal-not-mine-tick = Cochez la case si cette lettre n’est pas pour vous.
portal-open-here = Une lettre de ce cabinet est déjà ouverte ici : celle-ci s’ouvre sans nouveau code.
portal-open-here-button = Ouvrir cette lettre
portal-remember = Ne plus demander de code dans ce navigateur pendant 30 jours
portal-remember-hint = Seulement sur un appareil que vous êtes seul à utiliser. Les lettres de ce cabinet s’y ouvriront sans code.
portal-open-remembered = Ce navigateur est reconnu jusqu’au { $day } : la lettre s’ouvre sans code.
portal-remembered-until = Ce navigateur est reconnu jusqu’au { $day } : les lettres de ce cabinet s’y ouvrent sans code.
portal-forget = Ne plus reconnaître ce navigateur
portal-forgotten-title = Ce navigateur n’est plus reconnu
portal-forgotten-text = La prochaine fois, un code vous sera demandé ici.
portal-to-letter = Revenir à la lettre
portal-message-title = Message joint à votre lettre
portal-as-sent = Voir le texte tel qu’il a été envoyé
portal-as-sent-title = Texte tel qu’il a été envoyé
portal-to-message = Revenir au message
portal-closed-remembered = Merci. Ce navigateur reste reconnu jusqu’au { $day } : le lien de votre e‑mail ouvre la lettre ici sans code.
portal-unavailable-title = Un petit problème chez nous
portal-unavailable-text = La page ne peut pas s’afficher pour le moment. Essayez encore dans quelques minutes. Votre lettre n’est pas perdue.
portal-no-file-title = Ce fichier n’est pas là
portal-no-file-text = La lettre a été retirée, ou le lien du fichier n’est pas le bon. Ouvrez encore le lien de votre e‑mail.
portal-unavailable-call = Si cela dure, appelez le cabinet qui vous a écrit.
