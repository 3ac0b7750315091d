# The letter to who connects with a mail client that copies the mailbox to somebody's cloud.
cloud-subject = Su programa de correo no se ha conectado
cloud-refused = { $client } ha intentado abrir su buzón { $address }. La conexión se ha rechazado.
cloud-why = Este programa no lee el buzón por sí mismo: entrega su contraseña y una copia de todos sus mensajes a los servidores de su fabricante. Los mensajes de sus pacientes saldrían de la consulta.
cloud-instead = Use un programa que se conecte por sí mismo: Outlook clásico (en el ordenador), Apple Mail (en Mac, iPhone y iPad), Thunderbird (en el ordenador), Thunderbird o K-9 Mail (en Android), mutt.
cloud-password = El fabricante conoce la contraseña que usted escribió allí: pida al administrador que la anule y cree otra.
cloud-footer = Este aviso viene de su servidor Pli, como máximo una vez al día. No hace falta responder.
