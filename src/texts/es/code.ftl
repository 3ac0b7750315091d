# What the SMS says and the voice reads. No name, no link: whoever sees it learns nothing.
code-sms = Su clave: { $code } (letras { $letters }). No se la dé a nadie.
code-voice = Hola. Esta es su clave. { $digits }. Repito. { $digits }. No se la dé a nadie. Adiós.
