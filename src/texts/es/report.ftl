# Reports of delivery that a mail client asked for (RFC 3464), in the words of people.
report-delivered = Entregado. { $count ->
    [one] El mensaje está en el buzón de:
   *[other] El mensaje está en los buzones de:
}
report-relayed = Aviso enviado. El enlace al mensaje ha salido por correo electrónico para:
report-relayed-what = Nada indica todavía que la carta se haya leído: llegará un aviso cuando se abra por primera vez.
report-footer = Su programa de correo ha pedido este aviso de entrega. Viene de su servidor Pli. No hace falta responder.
