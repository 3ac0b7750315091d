# The patient's pages. Plain, warm, simple: read at eighty, on a small telephone.

## Moments, sizes, kinds
portal-month-1 = enero
portal-month-2 = febrero
portal-month-3 = marzo
portal-month-4 = abril
portal-month-5 = mayo
portal-month-6 = junio
portal-month-7 = julio
portal-month-8 = agosto
portal-month-9 = septiembre
portal-month-10 = octubre
portal-month-11 = noviembre
portal-month-12 = diciembre
portal-day = { $day } de { $month }
portal-day-year = { $day } de { $month } de { $year }
# With its article, which is singular at one o'clock.
portal-time = { $hour ->
    [0] las 00
    [1] la 1
   *[other] las { $hour }
}:{ $minute }
portal-hour = { $hour ->
    [0] las 00
    [1] la 1
   *[other] las { $hour }
}:00
portal-moment = { $day }, a { $time }
portal-at-time = a { $time }
portal-at-day-time = el { $day } a { $time }
portal-until-time = hasta { $time }
portal-until-day-time = hasta el { $day } a { $time }
portal-decimal-point = ,
portal-size-bytes = { $size ->
    [one] { $size } byte
   *[other] { $size } bytes
}
portal-size-kb = { $size } KB
portal-size-mb = { $size } MB
portal-kind-pdf = PDF
portal-kind-image = imagen
portal-kind-audio = sonido
portal-kind-video = vídeo
portal-kind-calendar = cita
portal-kind-text = texto
portal-kind-message = mensaje
portal-kind-archive = carpeta comprimida
portal-kind-sheet = hoja de cálculo
portal-kind-document = documento
portal-kind-other = archivo

## Around every page
portal-skip = Ir al contenido
portal-languages = Idioma
portal-demonstration = Demostración – no ponga aquí ninguna información real.
portal-call = Teléfono:
portal-error-title = Error: { $title }

## The link: how the code shall come
portal-choose-title = Reciba su clave
portal-choose-heading = Le espera una carta
portal-choose-text = Para protegerla, le enviamos una clave de 6 cifras a su teléfono.
portal-choose-legend = ¿Cómo desea recibir la clave?
portal-choose-legend-one = Así puede recibir la clave. Márquelo para aceptar:
portal-choose-sms = Por SMS
portal-choose-sms-hint = Un mensaje escrito en su teléfono móvil
portal-choose-voice = Por llamada telefónica
portal-choose-voice-hint = Su teléfono suena y una voz dice las cifras
portal-choose-button = Enviar la clave
portal-choose-one = Elija primero: por SMS o por llamada telefónica.
portal-choose-one-sms = Elija primero «Por SMS» y después envíe la clave.
portal-choose-one-voice = Elija primero «Por llamada telefónica» y después envíe la clave.
portal-choose-none = En este momento no podemos enviar ninguna clave. Llámenos al { $telephone }.
portal-choose-none-silent = En este momento no podemos enviar ninguna clave. Inténtelo más tarde, o llame a la consulta que le ha escrito.
portal-kept = Esta carta le espera hasta el { $day }.
portal-wait = De momento no puede pedir otra clave. Podrá hacerlo { $at }.
portal-failed-landline = Este número no recibe SMS.
portal-failed-unknown-number = Este número no existe. Llame a la consulta para que lo corrijan.
portal-failed-stopped = Usted ha rechazado nuestros SMS (contestando STOP).
portal-failed-ceiling = Por ahora no podemos enviar más claves a este número. Inténtelo mañana, o llame a la consulta.
portal-failed-sms = No se ha podido enviar el SMS.
portal-failed-voice = No se ha podido hacer la llamada.
portal-then-again = Inténtelo otra vez.
portal-then-sms = Elija el SMS.
portal-then-voice = Elija la llamada telefónica.
portal-then-again-or-sms = Inténtelo otra vez, o elija el SMS.
portal-then-again-or-voice = Inténtelo otra vez, o elija la llamada telefónica.

## The link: the code
portal-enter-title = Escriba su clave
portal-enter-heading = Escriba su clave
portal-sent-sms = Hemos enviado un SMS al número que termina en { $two }.
portal-sms-leaving = Estamos enviando un SMS al número que termina en { $two }.
portal-follows = Esta página dice por sí misma qué pasa con la clave. Si la clave no puede llegar, le muestra cómo seguir.
portal-sms-unknown = Todavía no sabemos si ha llegado.
portal-sms-arrived = Llegó al teléfono { $at }.
portal-sms-failed = El SMS no ha llegado.
portal-phone-absent = Su teléfono está apagado o no tiene cobertura.
portal-sent-voice = Estamos llamando al número que termina en { $two }. Conteste, pulse la tecla 1 si la voz lo pide y apunte las cifras.
portal-voice-said = La clave se dijo por teléfono { $at }.
portal-voice-nobody = Nadie contestó a nuestra llamada, o no se pulsó ninguna tecla.
portal-voice-failed = La llamada no se pudo hacer.
portal-enter-label = Su clave de 6 cifras
portal-letters = Es la clave del mensaje con las letras «{ $letters }».
portal-enter-button = Abrir la carta
portal-code-until = Esta clave vale { $until }.
portal-tries-left = { $count ->
    [one] Le queda { $count } intento.
   *[other] Le quedan { $count } intentos.
}
portal-missing-summary = ¿No llega la clave?
portal-missing-text = Puede tardar un minuto. Compruebe que su teléfono está encendido y tiene cobertura.
portal-number-gone = ¿El número que termina en { $two } ya no es suyo?
portal-number-call = Llámenos al { $telephone }: lo cambiaremos.
portal-number-silent = Llame a la consulta que le ha escrito: lo cambiarán.
portal-missed-at = Si no ha llegado, podrá recibirla de otra manera { $at }. Será la misma clave.
portal-missed-button = La clave no ha llegado
portal-again-at = Podrá pedir otra clave { $at }.
portal-again-sms = Enviar otro SMS
portal-again-voice = Llamar otra vez
portal-other-sms = Prefiero un SMS
portal-other-voice = Prefiero una llamada
portal-not-a-code = La clave tiene 6 cifras. Mire el mensaje recibido y escríbalas todas.
portal-none-here = Esta clave no se ha pedido en esta ventana, o ya ha caducado. Pida una clave aquí.
portal-code-over = El tiempo de esta clave ha pasado: valía diez minutos. Pida otra.
portal-wrong = { $count ->
    [one] La clave no es correcta. Le queda { $count } intento.
   *[other] La clave no es correcta. Le quedan { $count } intentos.
}
portal-wrong-spent = La clave no es correcta y ya no se puede usar. Pida otra.

## Where the practice asks for the birth date with the code: never which of the two was wrong
portal-born-legend = Su fecha de nacimiento
portal-born-hint = Por ejemplo: 27 3 1950
portal-born-day = Día
portal-born-month = Mes
portal-born-year = Año
portal-born-unread = Hacen falta la clave, que tiene 6 cifras, y su fecha de nacimiento: el día, el mes y el año en 4 cifras. Escriba las dos de nuevo.
portal-born-wrong = { $count ->
    [one] La clave o la fecha de nacimiento no es correcta. Escriba las dos de nuevo. Le queda { $count } intento.
   *[other] La clave o la fecha de nacimiento no es correcta. Escriba las dos de nuevo. Le quedan { $count } intentos.
}
portal-born-spent = La clave o la fecha de nacimiento no era correcta, y esta clave ya no se puede usar. Pida otra.

## The link: not now, or never more
portal-paused-title = Una pequeña pausa
portal-paused-text = Varias claves no eran correctas. Podrá intentarlo de nuevo { $at }.
portal-paused-why = Esta pausa protege su carta. No se ha perdido nada.
portal-paused-reload = Intentarlo de nuevo
portal-expired-title = Esta carta ya no está disponible
portal-expired-text = El plazo para leerla ha terminado y se ha borrado.
portal-recalled-title = Esta carta ha sido retirada
portal-recalled-text = La persona que la envió la ha retirado. Ya no se puede leer.
portal-locked-title = Esta carta está cerrada
portal-locked-text = Se han escrito demasiadas claves incorrectas. Por su seguridad, esta carta ya no se abre con este enlace.
portal-suspended-title = Esta carta no está disponible por ahora
portal-suspended-text = La consulta la está comprobando antes de volver a abrirla. Inténtelo más tarde con este mismo enlace o llame a la consulta.
portal-ended-call = Para recibir otra, llámenos al { $telephone }.
portal-ended-silent = Para recibir otra, llame a la consulta que le ha escrito.

## The letter
portal-letter-title = Su carta
portal-no-subject = Sin asunto
portal-no-text = Esta carta no tiene texto.
portal-text-label = Texto de la carta
portal-from = De
portal-date = Fecha
portal-files-heading = Archivos adjuntos
portal-open = Abrir
portal-save = Guardar
portal-save-all = Guardar todo (ZIP, { $size })
portal-files-other = ¿No puede leer un archivo? Pida a la consulta que se lo dé de otra manera.
portal-all-name = Documentos
portal-letter-kept = Esta carta estará aquí hasta el { $day }. Recuerde guardar lo que necesite.
portal-session-heading = Esta página
portal-open-until = Esta página seguirá abierta { $until }.
portal-prolong = Seguir una hora más
portal-close = Cerrar la carta
portal-close-hint = En un ordenador compartido, cierre la carta cuando haya terminado.
portal-closed-title = La carta está cerrada
portal-closed-text = Gracias. Ya nadie puede leerla en este dispositivo sin una clave nueva.
portal-closed-again = Para volver a leerla, abra otra vez el enlace de su correo electrónico.
portal-gone-title = Esta carta ya no está aquí
portal-gone-text = Ha sido retirada, o su plazo ha terminado.
portal-gone-call = Para saber más, llámenos al { $telephone }.
portal-gone-silent = Para saber más, llame a la consulta que le ha escrito.

## For everybody
portal-index-title = Cartas confidenciales
portal-index-text = Aquí se leen las cartas que una consulta le envía de forma segura.
portal-index-open = Para leer la suya, abra el enlace del correo electrónico que ha recibido.
portal-unknown-title = Esta página no existe
portal-unknown-text = Para leer una carta, abra el enlace del correo electrónico que ha recibido.
portal-incomplete-title = El enlace está incompleto
portal-incomplete-text = Falta una parte del enlace. Vuelva al correo electrónico y toque el enlace, o cópielo entero.
portal-incomplete-call = Si sigue sin funcionar, llame a la consulta que le ha escrito.
portal-not-open-title = La página se ha cerrado
portal-not-open-text = Abra otra vez el enlace de su correo electrónico: le enviaremos una clave nueva.
portal-foreign-title = Abra otra vez el enlace
portal-foreign-text = Esta página era demasiado antigua, o viene de otra ventana. Abra otra vez el enlace de su correo electrónico.
portal-foreign-cookies = Si vuelve a ver esta página, permita las cookies en los ajustes de su navegador.
portal-broken-title = Su respuesta no ha llegado entera
portal-broken-text = No se ha enviado. Abra otra vez el enlace de su correo y escríbala de nuevo.
portal-planted-title = Otro sitio estorba esta página
portal-planted-text = Otro sitio ha dejado aquí una cookie que imita la nuestra. La hemos borrado: abra otra vez el enlace de su correo. Una respuesta que acabe de enviar no ha salido.
portal-planted-again = Si vuelve a ver esta página, abra el enlace en una ventana privada o en otro navegador.
portal-ask-again = Pedir la carta otra vez
portal-asked-title = Está pedida
portal-asked-text = La consulta que le escribe está avisada. Si la reenvía, recibirá un nuevo correo electrónico con un nuevo enlace.
portal-not-mine = ¿Esta carta no es para usted?
portal-not-mine-sure = Sí, esta carta no es para mí
portal-not-mine-tell = Avisar a la consulta
portal-told-title = Está dicho
portal-told-text = La consulta está avisada. Puede cerrar esta página y borrar el correo electrónico.
portal-untold-text = No se pudo avisar a la consulta desde aquí. Puede cerrar esta página y borrar el correo electrónico.
portal-not-mine-tick = Marque la casilla si esta carta no es para usted.
portal-open-here = Una carta de esta consulta ya está abierta aquí: esta se abre sin una nueva clave.
portal-open-here-button = Abrir esta carta
portal-remember = No pedir más claves en este navegador durante 30 días
portal-remember-hint = Solo en un dispositivo que nadie más use. Las cartas de esta consulta se abrirán en él sin clave.
portal-open-remembered = Este navegador está reconocido hasta el { $day }: la carta se abre sin clave.
portal-remembered-until = Este navegador está reconocido hasta el { $day }: las cartas de esta consulta se abren aquí sin clave.
portal-forget = No reconocer más este navegador
portal-forgotten-title = Este navegador ya no está reconocido
portal-forgotten-text = La próxima vez se le pedirá aquí una clave.
portal-to-letter = Volver a la carta
portal-message-title = Mensaje adjunto a su carta
portal-as-sent = Ver el texto tal como se envió
portal-as-sent-title = Texto tal como se envió
portal-to-message = Volver al mensaje
portal-closed-remembered = Gracias. Este navegador sigue reconocido hasta el { $day }: el enlace de su correo abre aquí la carta sin clave.
portal-unavailable-title = Un pequeño problema por nuestra parte
portal-unavailable-text = La página no se puede mostrar en este momento. Inténtelo de nuevo dentro de unos minutos. Su carta no se ha perdido.
portal-no-file-title = Este archivo no está aquí
portal-no-file-text = La carta ha sido retirada, o el enlace del archivo no es el correcto. Abra otra vez el enlace de su correo electrónico.
portal-unavailable-call = Si el problema sigue, llame a la consulta que le ha escrito.
