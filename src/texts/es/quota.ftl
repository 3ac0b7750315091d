# Letters about the room that is left in a mailbox, and what colleagues are told. Read by practitioners.
quota-subject = Su buzón está lleno al { $percent } %
quota-near = Su buzón { $address } está lleno al { $percent } %: { $used } de { $quota }.
quota-next = Cuando esté lleno, sus colegas ya no podrán escribirle. Usted siempre podrá enviar, y los avisos de apertura siempre llegarán.
quota-soon = Pronto estará lleno. Sus colegas recibirán entonces un rechazo, y su programa de correo ya no podrá guardar mensajes en él.
quota-what = Para hacer sitio: vacíe la papelera y el correo no deseado, borre los mensajes antiguos con archivos adjuntos grandes, o pida más espacio al administrador.
quota-footer = Este aviso viene de su servidor Pli. No ocupa sitio en su buzón. No hace falta responder.
quota-full-now = { $address }: este buzón está lleno, el mensaje no ha entrado en él. Inténtelo más tarde, o avise a su colega por teléfono.
quota-full-long = { $address }: este buzón está lleno desde hace más de un día, el mensaje no ha entrado en él. Avise a su colega por teléfono.
quota-size-kb = { $size } KB
quota-size-mb = { $size } MB
quota-size-gb = { $size } GB
