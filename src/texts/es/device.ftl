# The letter about a device that was added to a mailbox.
device-subject = Se ha añadido un dispositivo a su buzón
device-added = El dispositivo «{ $label }» ({ $person }) se ha añadido al buzón { $address } { $at }.
device-sends = Solo envía, y no puede leer nada.
device-reads = Puede leer todos sus mensajes.
device-will-read = Podrá leer todos sus mensajes en cuanto se conecte uno de sus dispositivos.
device-waits = Puede enviar, y todavía no puede leer. Para que lea, el administrador lo añade de nuevo con una de sus contraseñas.
device-unknown = Si no lo conoce, llame enseguida al administrador: puede quitarlo.
device-footer = Este aviso viene de su servidor Pli. No hace falta responder.
