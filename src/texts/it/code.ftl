# What the SMS says and the voice reads. No name, no link: whoever sees it learns nothing.
code-sms = Il Suo codice: { $code } (lettere { $letters }). Non lo dia a nessuno.
code-voice = Buongiorno. Ecco il Suo codice. { $digits }. Ripeto. { $digits }. Non lo dia a nessuno. Arrivederci.
