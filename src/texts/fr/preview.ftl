# What whoever wrote to apercu@ gets: the letter as the patient would get it, drawn and sent to nobody.
preview-subject = Aperçu : { $subject }
preview-what = Voici ce que la personne recevrait. C'est une simulation : rien n'a été envoyé, ni avis, ni SMS, ni appel.
preview-number-sms = Numéro compris : { $number }. La personne y recevrait son code par SMS, ou par appel si elle le demande.
preview-number-call = Numéro compris : { $number }. La personne y recevrait son code par appel.
preview-number-known = Quelqu'un de l'annuaire a ce numéro. Pour une autre adresse que la sienne, la lettre attendrait votre réponse.
preview-number-none = Ce message n'indique pas de numéro. Celui de l'annuaire, ou d'un envoi précédent, serait utilisé ; s'il n'y en a pas, la lettre attendrait et un message de Pli vous le demanderait.
preview-waits = La lettre attendrait votre réponse, et la personne n'aurait encore rien reçu. La raison :
preview-kept = { $days ->
    [one] La lettre serait gardée { $days } jour, jusqu'au { $date }.
   *[other] La lettre serait gardée { $days } jours, jusqu'au { $date }.
}
preview-urgent = Lettre urgente : si elle n'était pas ouverte après { $hours } h, la personne recevrait un rappel et vous seriez averti.
preview-pages = En pièces jointes : l'e-mail, la page où le code est demandé, et la page de la lettre. Les liens n'y mènent nulle part.
preview-mail = L'e-mail :
preview-sms = Le SMS, avec un code inventé :
# Names of files: no accents, no spaces.
preview-file-mail = 1-e-mail
preview-file-code = 2-code
preview-file-letter = 3-lettre
