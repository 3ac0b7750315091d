# The letter about a device that was added to a mailbox.
device-subject = A device was added to your mailbox
device-added = The device “{ $label }” ({ $person }) was added to the mailbox { $address } { $at }.
device-sends = It only sends, and can read nothing.
device-reads = It can read all your messages.
device-will-read = It will be able to read all your messages from the next connection of one of your devices.
device-waits = It can send, and cannot read yet. To let it read, answer "yes", alone on the first line, from a device that reads your messages already.
device-unknown = If you do not know it, call the administrator at once: they can take it away.
device-footer = This notice comes from your Pli server. There is no need to answer it.
device-reads-now = The device "{ $label }" can read all your messages now.
device-not-let-in = The device "{ $label }" still cannot read: your answer came from a device that does not read itself. Answer from another one.
device-still-waits = The device "{ $label }" still cannot read. Nothing was changed.
