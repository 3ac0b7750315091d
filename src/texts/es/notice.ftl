# The e-mail with the link. It says nothing of who wrote, to whom, or about what.
notice-subject = { $practice }: le espera una carta
notice-hello = Buenos días:
notice-what = { $practice } le ha enviado un mensaje confidencial. Para leerlo:
notice-steps = Abra el enlace, pida una clave por SMS o por llamada y escríbala. No hace falta registrarse.
notice-host = El enlace empieza por https://{ $host }/ : compruébelo antes de abrirlo.
notice-until = El mensaje estará disponible hasta el { $date }: recuerde guardarlo.
notice-call = ¿Tiene alguna duda? Llame a { $practice } al { $telephone }, o al número que usted conoce.
notice-call-known = ¿Tiene alguna duda? Llame a { $practice } al número que usted conoce.
notice-no-answer = No responda a este correo: nadie lo lee.
notice-open = Abrir el mensaje
notice-other = Español: abra el enlace, la página también está en español.

# The notice once more, to who has not opened it.
remind-subject = Recordatorio: { $practice } le ha escrito
remind-what = { $practice } le ha enviado un mensaje confidencial que aún no ha abierto. Para leerlo:
