# Answers to a letter, written on its page.

## The page
answer-heading = Responder
answer-emergency = No es para urgencias: las respuestas no se leen enseguida. En caso de urgencia, llame al { $first } o al { $second }.
answer-emergency-one = No es para urgencias: las respuestas no se leen enseguida. En caso de urgencia, llame al { $first }.
answer-away = La persona que le escribió está ausente { $until }.
answer-text-label = Su respuesta
answer-files-label = Adjuntar fotos o PDF
answer-files-hint = Como máximo { $count } archivos, { $size } en total.
answer-other-summary = Adjuntar otro tipo de archivo
answer-other-label = Otros archivos
answer-safe = Su respuesta está protegida como esta carta. Enviar fotos puede tardar un minuto: deje esta página abierta.
answer-button = Enviar la respuesta
answer-sent-title = Su respuesta ha salido
answer-sent = { $files ->
    [0] Respuesta enviada { $at }.
    [one] Respuesta enviada { $at }, con { $files } archivo.
   *[other] Respuesta enviada { $at }, con { $files } archivos.
}
answer-sent-next = La consulta la recibe en su buzón. Si le contesta, recibirá un nuevo correo.
answer-waiting = Una respuesta escrita { $at } todavía no ha salido: espera un código.
answer-closed-off = Aquí no se puede responder a esta carta.
answer-closed-over = El tiempo para responder aquí ha pasado.
answer-closed-full = El buzón de la consulta está lleno. No puede recibir respuestas.
answer-closed-enough = Hoy se han enviado muchas respuestas. Inténtelo de nuevo mañana.
answer-closed-ended = La persona que le escribió ha terminado esta conversación.
answer-call = Para hablar con nosotros, llame al { $telephone }.
answer-call-silent = Para hablar con ella, llame a la consulta que le escribió.

## What went wrong
answer-nothing = Escriba su respuesta, o adjunte un archivo.
answer-too-long = Su texto es demasiado largo: como máximo { $count } caracteres.
answer-too-large = Sus archivos son demasiado grandes: como máximo { $size } en total.
answer-too-many = Hay demasiados archivos: como máximo { $count }.
answer-program = «{ $name }» es un programa. No se puede enviar.
answer-infected = «{ $name }» contiene un virus. No se puede enviar.
answer-not-scanned = Ahora no podemos comprobar sus archivos. Inténtelo más tarde, o envíe su texto sin archivos.
answer-busy = Llegan demasiados archivos a la vez. Inténtelo de nuevo dentro de un minuto.
answer-broken-off = Su respuesta no ha llegado entera. Envíela otra vez.
answer-failed = Un pequeño problema por nuestra parte: inténtelo otra vez dentro de unos minutos.
answer-not-sent = No se ha enviado nada. Su texto sigue aquí; elija de nuevo sus archivos.

## The page had closed
answer-kept-link = Su respuesta está guardada, pero todavía no ha salido: la página se había cerrado. Pida un código y escríbalo { $until }. Saldrá enseguida.
answer-lost-title = Su respuesta no ha salido
answer-lost-text = Este es su texto: puede copiarlo.
answer-lost-link = Abrir la carta

## In the practitioner's INBOX
answer-from-patient = { $name } (paciente)
answer-from-carer = { $name } (familiar)
answer-below-who = Respuesta de { $address }, escrita { $when } en la página segura, abierta con un código enviado al número que termina en { $two }.
answer-below-how = Para escribir a esta persona, responda a este mensaje: su respuesta sale como carta segura, al mismo número.
