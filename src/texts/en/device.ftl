# The letter about a device that was added to a mailbox.
device-subject = A device was added to your mailbox
device-added = The device “{ $label }” ({ $person }) was added to the mailbox { $address } { $at }.
device-sends = It only sends, and can read nothing.
device-reads = It can read all your messages.
device-will-read = It will be able to read all your messages from the next connection of one of your devices.
device-waits = It can send, and cannot read yet. To let it read, the administrator adds it again with one of your passwords.
device-unknown = If you do not know it, call the administrator at once: they can take it away.
device-footer = This notice comes from your Pli server. There is no need to answer it.
