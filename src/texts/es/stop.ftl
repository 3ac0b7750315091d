# The letter to who wrote to somebody that refuses our short messages.
stop-subject = Una persona ha rechazado los SMS de su consulta
stop-refused = La persona a quien escribió ({ $address }, teléfono { $number }) ha rechazado los SMS de la consulta contestando STOP.
stop-still = Sus mensajes le siguen llegando por correo electrónico, y puede recibir su clave por llamada telefónica. No se enviarán más SMS.
stop-again = Si es un error, que escriba al número que le envió el SMS para aceptarlos de nuevo; después el administrador quita el bloqueo (pli code forget).
stop-footer = Este aviso viene de su servidor Pli. No hace falta contestar.
