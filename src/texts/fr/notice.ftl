# The e-mail with the link. It says nothing of who wrote, to whom, or about what.
notice-subject = { $practice } : une lettre vous attend
notice-hello = Bonjour,
notice-what = { $practice } vous a envoyé un message confidentiel. Pour le lire :
notice-steps = Ouvrez le lien, demandez un code par SMS ou par appel, puis tapez-le. Aucun compte n'est nécessaire.
notice-host = Le lien commence par https://{ $host }/ : vérifiez-le avant de l'ouvrir.
notice-until = Le message est gardé jusqu'au { $date } : pensez à l'enregistrer.
notice-call = Un doute ? Appelez { $practice } au { $telephone }, ou au numéro que vous connaissez.
notice-call-known = Un doute ? Appelez { $practice } au numéro que vous connaissez.
notice-no-answer = Ne répondez pas à cet e-mail : personne ne le lit.
notice-open = Ouvrir le message
notice-other = Français : ouvrez le lien, la page parle aussi français.

# The notice once more, to who has not opened it.
remind-subject = Rappel : { $practice } vous a écrit
remind-what = { $practice } vous a envoyé un message confidentiel, que vous n'avez pas encore ouvert. Pour le lire :
