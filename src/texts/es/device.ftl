# The letter about a device that was added to a mailbox.
device-subject = Se ha añadido un dispositivo a su buzón
device-added = El dispositivo «{ $label }» ({ $person }) se ha añadido al buzón { $address } { $at }.
device-sends = Solo envía, y no puede leer nada.
device-reads = Puede leer todos sus mensajes.
device-will-read = Podrá leer todos sus mensajes en cuanto se conecte uno de sus dispositivos.
device-waits = Puede enviar, y todavía no puede leer. Para que lea, responda « sí », solo en la primera línea, desde un dispositivo que ya lee sus mensajes.
device-unknown = Si no lo conoce, llame enseguida al administrador: puede quitarlo.
device-footer = Este aviso viene de su servidor Pli. No hace falta responder.
device-reads-now = El dispositivo « { $label } » ya puede leer todos sus mensajes.
device-not-let-in = El dispositivo « { $label } » todavía no puede leer: su respuesta viene de un dispositivo que no lee. Responda desde otro.
device-still-waits = El dispositivo « { $label } » todavía no puede leer. No ha cambiado nada.
