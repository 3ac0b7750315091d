# What the SMS says and the voice reads. No name, no link: whoever sees it learns nothing.
code-sms = Votre code : { $code } (lettres { $letters }). Ne le donnez à personne.
code-voice = Bonjour. Voici votre code. { $digits }. Je répète. { $digits }. Ne le donnez à personne. Au revoir.
# A call. Nothing is said of the code before a key was pressed.
code-voice-greeting = Bonjour. Vous avez demandé un code pour lire une lettre. Pour l’entendre, appuyez sur la touche 1.
code-voice-code = Voici votre code.
code-voice-repeat = Je répète.
code-voice-again = Pour l’entendre encore, appuyez sur la touche 1.
code-voice-goodbye = Ne donnez ce code à personne. Au revoir.

# Reminders of a letter that was not opened: no link, no name, nothing of it.
remind-sms = Rappel : un message confidentiel vous attend dans vos e-mails. Ouvrez le lien qui s'y trouve.
remind-voice = Bonjour. Un message confidentiel vous attend dans vos e-mails, et il est urgent. Ouvrez le lien qui s’y trouve. Je répète. Un message confidentiel et urgent vous attend dans vos e-mails. Au revoir.
