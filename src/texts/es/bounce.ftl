# What comes back of notices: why a letter was not delivered, and the one answer to who presses Reply.
bounce-why-spam = el servidor del destinatario ha tomado el aviso por correo no deseado.
bounce-why-no-server = ningún servidor recibe correo para esta dirección. Probablemente está mal escrita.
bounce-other-what = El destinatario no ha recibido nada. La dirección es probablemente correcta: llame por teléfono, o envíe un mensaje nuevo a otra dirección.
bounce-said = Su servidor ha respondido: { $said }
bounce-answer-subject = { $practice }: nadie lee esta dirección
bounce-answer = Nadie lee las respuestas a esta dirección. Su mensaje no se ha leído, ni guardado, ni reenviado.
bounce-answer-open = Para leer la carta de { $practice }, abra el enlace de nuestro correo.
bounce-answer-call = Para hablar con { $practice }, llame al { $telephone }. En caso de urgencia, llame al 112.
bounce-answer-call-known = Para hablar con { $practice }, llame al número que conoce. En caso de urgencia, llame al 112.
