# Letters about the room that is left in a mailbox, and what colleagues are told. Read by practitioners.
quota-subject = Your mailbox is { $percent } % full
quota-near = Your mailbox { $address } is { $percent } % full: { $used } of { $quota }.
quota-next = Once it is full, your colleagues cannot write to you any more. You can always send, and receipts always arrive.
quota-soon = It will be full soon. Your colleagues will then be refused, and your mail client will not be able to file messages in it.
quota-what = To make room: empty Trash and Junk, delete old messages with large attachments, or ask the administrator for more room.
quota-footer = This notice comes from your Pli server. It takes no room in your mailbox. There is no need to answer it.
quota-full-now = { $address }: this mailbox is full, the message was not put into it. Try later, or tell your colleague by telephone.
quota-full-long = { $address }: this mailbox has been full for more than a day, the message was not put into it. Tell your colleague by telephone.
quota-size-kb = { $size } KB
quota-size-mb = { $size } MB
quota-size-gb = { $size } GB
