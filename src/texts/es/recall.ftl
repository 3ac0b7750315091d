# Recalls: letters that their sender takes back. Read by the sender, who answers by mail.
recall-subject = Cartas retiradas
recall-closed = Retirada: { $address } ya no puede abrir la carta.
recall-closed-opened = Retirada: { $address } ya no puede abrir la carta. Se había abierto { $when }: lo que se leyó o se descargó no se puede recuperar.
recall-until = Sus llaves se destruirán dentro de diez minutos. Hasta entonces, responda « no » para volver a abrirlo todo.
recall-copies = Su copia queda, y también las de sus colegas.
recall-many = Se retiran muchas cartas en poco tiempo ({ $count }). Nadie puede abrirlas ya, pero sus llaves aún existen.
recall-many-what = Responda « sí », solo en la primera línea, para destruir las llaves, o « no » para volver a abrir estas cartas.
recall-undone = Retirada anulada: los destinatarios pueden abrir de nuevo ({ $count }).
recall-confirmed = Confirmado: las llaves están destruidas ({ $count }).
