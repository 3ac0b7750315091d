# What whoever wrote to apercu@ gets: the letter as the patient would get it, drawn and sent to nobody.
preview-subject = Vista previa: { $subject }
preview-what = Esto es lo que recibiría la persona. Es un dibujo: no se ha enviado nada, ni aviso, ni SMS, ni llamada.
preview-number-sms = Número entendido: { $number }. La persona recibiría allí su clave por SMS, o por llamada si la pide.
preview-number-call = Número entendido: { $number }. La persona recibiría allí su clave por llamada.
preview-number-known = Alguien del directorio tiene este número. Para una dirección que no sea la suya, la carta esperaría su respuesta.
preview-number-none = Este mensaje no indica ningún número. Se usaría el del directorio, o el de un envío anterior; si no lo hay, la carta esperaría y un mensaje de Pli se lo pediría.
preview-waits = La carta esperaría su respuesta, y la persona no habría recibido nada todavía. El motivo:
preview-kept = { $days ->
    [one] La carta se guardaría { $days } día, hasta el { $date }.
   *[other] La carta se guardaría { $days } días, hasta el { $date }.
}
preview-urgent = Carta urgente: si no se abriera en { $hours } h, la persona recibiría un recordatorio y usted sería avisado.
preview-pages = Adjuntos: el correo, la página donde se pide la clave y la página de la carta. Sus enlaces no llevan a ninguna parte.
preview-mail = El correo:
preview-sms = El SMS, con una clave inventada:
# Names of files: no accents, no spaces.
preview-file-mail = 1-correo
preview-file-code = 2-clave
preview-file-letter = 3-carta
