# What the SMS says and the voice reads. No name, no link: whoever sees it learns nothing.
code-sms = Su clave: { $code } (letras { $letters }). No se la dé a nadie.
code-voice = Hola. Esta es su clave. { $digits }. Repito. { $digits }. No se la dé a nadie. Adiós.
# A call. Nothing is said of the code before a key was pressed.
code-voice-greeting = Buenos días. Ha pedido una clave para leer una carta. Para oírla, pulse la tecla 1.
code-voice-code = Esta es su clave.
code-voice-repeat = Repito.
code-voice-again = Para oírla otra vez, pulse la tecla 1.
code-voice-goodbye = No dé esta clave a nadie. Adiós.

# Reminders of a letter that was not opened: no link, no name, nothing of it.
remind-sms = Recordatorio: le espera un mensaje confidencial en su e-mail. Abra el enlace que contiene.
remind-voice = Buenos días. Le espera un mensaje confidencial en su correo electrónico, y es urgente. Abra el enlace que contiene. Repito. Le espera un mensaje confidencial y urgente en su correo electrónico. Adiós.
