# Why a recipient or a message is refused. Read by practitioners in their mail client.
refused-unknown = { $address }: este buzón no existe aquí. Compruebe la dirección.
refused-suspended = { $address }: este buzón está cerrado por el momento.
refused-health-space = { $address } es una dirección del espacio de confianza sanitario francés, con el que este servidor todavía no intercambia mensajes. Escriba desde su buzón MSSanté.
refused-address-number = { $address } no es un número. Escriba por ejemplo +33612345678@sms seguido de su dominio.
refused-from = El remitente escrito en el mensaje (From) debe ser { $address }, la dirección de su buzón.
refused-sender = El remitente del envío debe ser { $address }, la dirección de su buzón.
refused-rate-minute = Demasiados mensajes en un minuto (como máximo { $count }). No se ha enviado nada. Vuelva a enviar este mensaje dentro de un minuto.
refused-rate-day = Demasiados mensajes enviados hoy (como máximo { $count } al día). No se ha enviado nada. Vuelva a enviar este mensaje mañana, o pida al administrador un límite más alto.
refused-encrypted = Un mensaje que ya está cifrado no se puede leer en una página. Envíelo sin cifrar: Pli lo sella para { $address }.
refused-only-number = Un número solo no basta: hace falta también la dirección de correo de la persona.
refused-no-relay = { $address }: este servidor todavía no puede escribir a personas de fuera. El administrador debe indicar cómo salen los avisos.
refused-too-many = Un mensaje puede ir a veinte personas de fuera como máximo. Envíe varios. No ha salido nada.
refused-no-header = Este mensaje no tiene cabecera. No ha salido nada.
refused-automatic = Una respuesta automática no se envía con enlace y código. No se ha enviado nada.
refused-days = Una carta se puede guardar de 1 a 90 días: [7j] en el asunto. No se ha enviado nada.
refused-preview-alone = { $address } muestra lo que recibiría la persona, y debe ser el único destinatario. Envíe la carta a los demás en otro mensaje.

# Why a recipient would be held. One sentence per recipient, after "No ha salido nada."
held-nothing-left = No ha salido nada.
held-no-number = { $address }: no se conoce ningún número de teléfono. Añádalo al final del asunto, entre corchetes: [+34 612 34 56 78], o haga inscribir a la persona en el directorio.
held-two-numbers = { $address }: dos números diferentes. Deje uno solo.
held-not-a-number = { $address }: lo que está entre corchetes no es un número de teléfono.
held-impossible = { $address }: este número no existe. Compruebe las cifras.
held-premium = { $address }: este número es especial o de tarificación especial. Hace falta un teléfono normal.
held-satellite = { $address }: las claves no se envían a teléfonos por satélite. Hace falta otro número.
held-several-countries = { $address }: este número existe en varios países. Escríbalo con su prefijo internacional, por ejemplo +33 o +377.
held-no-country = { $address }: este número es de otro país. Escríbalo con su prefijo internacional, por ejemplo +687.
held-country = { $address }: las claves no se envían a este país. El administrador puede autorizarlo.
held-own-number = { $address }: este número es el de la consulta, no el de la persona.
held-differs = { $address }: este número no es el del directorio. Compruebe la persona, o haga corregir el directorio.
held-somebody-elses = { $address }: este número es el de otra persona del directorio. Compruebe la dirección y el número.
held-old-tag = { $address }: el número entre corchetes viene de un mensaje antiguo y nunca se ha usado con esta dirección. Quítelo, o escriba un mensaje nuevo.
held-several-recipients = { $address }: un solo número para varios destinatarios. Escriba un mensaje a cada uno.
held-several-persons = { $address }: varias personas del directorio tienen esta dirección. Añada al asunto, entre corchetes, el número de la persona correcta.
held-mandate-ended = { $address }: esta persona leía por otra, y ese mandato ha terminado. Prolónguelo o quítelo del directorio.
held-look-alike = { $address }: esta dirección parece mal escrita. Compruebe lo que sigue a la @.

# Receipts in the practitioner's INBOX. The first line says it all.
receipt-from = Pli
receipt-about = su mensaje del { $date }
receipt-opened = { $files ->
    [0] Abierto { $when } (sin archivos adjuntos)
   *[other] Abierto { $when } ({ $downloaded ->
        [one] { $downloaded } archivo descargado
       *[other] { $downloaded } archivos descargados
    } de { $files })
}
receipt-downloaded = Todos los archivos se han descargado { $when }.
receipt-to = Destinatario: { $address }
receipt-failed = No entregado: { $why }
receipt-failed-what = El destinatario no ha recibido nada. Compruebe la dirección y envíe un mensaje nuevo, o llame por teléfono.
receipt-why-unknown-address = la dirección no existe.
receipt-why-full = el buzón del destinatario está lleno.
receipt-why-refused = el servidor del destinatario ha rechazado el aviso.
receipt-why-no-utf8 = esta dirección tiene letras acentuadas o de otro alfabeto, que el servidor de envío no sabe transmitir. Pida otra dirección.
receipt-why-gave-up = el aviso no ha podido salir a pesar de varios días de intentos.
receipt-why-not-opened = la carta no se ha abierto a tiempo. Ya no se puede abrir.
receipt-not-opened-what = El enlace se envió, pero el código nunca se escribió. Responda sí a este aviso para reenviar la carta con un nuevo enlace, o llame por teléfono.
receipt-locked-what = La carta ya no se puede leer con este enlace. Si el destinatario la necesita, responda sí a este aviso: saldrá de nuevo con otro enlace. O llame por teléfono.
receipt-why-locked = se han escrito cien claves incorrectas. Por seguridad, el enlace está cerrado.
receipt-footer = Este aviso viene de su servidor Pli. No hace falta responder.

# Letters that are asked for again, and links that reached somebody else.
again-subject = Reenviar una carta
again-asked = { $address } pide de nuevo su carta del { $date }, que ya no se puede leer.
again-asked-what = Responda sí a este aviso para reenviarla con un nuevo enlace.
again-unproved = Lo dice alguien que tiene el enlace, sin código. Nada ha cambiado. El mismo aviso llega una vez al día.
again-sent = La carta a { $address } salió de nuevo { $when }, con un nuevo enlace.
again-no-copy = La carta a { $address } no pudo salir de nuevo: ya no hay copia en sus carpetas, o este dispositivo no puede leer el buzón. Envíe un mensaje nuevo.
again-not-yours = La carta a { $address } solo puede salir de nuevo desde el buzón que la envió. Responda sí desde ese buzón, o envíe un mensaje nuevo.
receipt-not-mine-said = Alguien que abrió el enlace enviado a { $address } dice que su carta del { $date } no es para él.
receipt-not-mine-what = Compruebe la dirección. Responda anular a este aviso para retirar la carta.

# An urgent letter that nobody has opened.
urgent-subject = Una carta urgente no se ha abierto
urgent-unread = Urgente y aún sin abrir: la carta a { $address }, enviada el { $date } por { $sender }.
urgent-reminded = { $hours ->
    [one] Ha pasado más de una hora.
   *[other] Han pasado más de { $hours } horas.
} Se avisa de nuevo a la persona por correo electrónico, y después por teléfono entre las 8 y las 20 h.
urgent-what = Llame por teléfono si no puede esperar. Responda anular para retirar la carta.
urgent-what-other = Llame por teléfono si no puede esperar.

# A notice that has not left yet, and a code that nobody could send.
receipt-late = Aún no ha salido: { $why }
receipt-late-what = Se sigue intentando; último intento { $until }. Por ahora no hay nada que hacer. Si es urgente, llame por teléfono.
receipt-late-unreachable = el servidor de envío no responde.
receipt-late-later = el servidor de envío no acepta el aviso por ahora.
receipt-no-code = No se pudo enviar ningún código a { $address } ({ $number }):
receipt-no-code-unknown-number = este número no existe.
receipt-no-code-landline = este número es una línea fija, que no recibe SMS, y no se pudo hacer ninguna llamada.
receipt-no-code-ceiling = se alcanzó el límite de códigos del día.
receipt-no-code-absent = el teléfono está apagado o no responde.
receipt-no-code-refused = los operadores rechazaron el código.
receipt-no-code-what-number = Compruebe el número, haga que se corrija en el directorio y envíe un mensaje nuevo.
receipt-no-code-what-ceiling = El destinatario podrá intentarlo mañana. El administrador puede subir el límite.
receipt-no-code-what-again = El destinatario puede intentarlo de nuevo. Si continúa, compruebe el número o llame por teléfono.
