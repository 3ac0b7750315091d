# What the SMS says and the voice reads. No name, no link: whoever sees it learns nothing.
code-sms = Il Suo codice: { $code } (lettere { $letters }). Non lo dia a nessuno.
code-voice = Buongiorno. Ecco il Suo codice. { $digits }. Ripeto. { $digits }. Non lo dia a nessuno. Arrivederci.
# A call. Nothing is said of the code before a key was pressed.
code-voice-greeting = Buongiorno. Ha chiesto un codice per leggere una lettera. Per ascoltarlo, prema il tasto 1.
code-voice-code = Ecco il Suo codice.
code-voice-repeat = Ripeto.
code-voice-again = Per ascoltarlo ancora, prema il tasto 1.
code-voice-goodbye = Non dia questo codice a nessuno. Arrivederci.

# Reminders of a letter that was not opened: no link, no name, nothing of it.
remind-sms = Promemoria: un messaggio riservato La attende nella Sua posta elettronica. Apra il link che contiene.
remind-voice = Buongiorno. Un messaggio riservato La attende nella Sua posta elettronica, ed è urgente. Apra il link che contiene. Ripeto. Un messaggio riservato e urgente La attende nella Sua posta elettronica. Arrivederci.
