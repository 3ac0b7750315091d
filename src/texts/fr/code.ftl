# What the SMS says and the voice reads. No name, no link: whoever sees it learns nothing.
code-sms = Votre code : { $code } (lettres { $letters }). Ne le donnez à personne.
code-voice = Bonjour. Voici votre code. { $digits }. Je répète. { $digits }. Ne le donnez à personne. Au revoir.
