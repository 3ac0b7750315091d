# Recalls: letters that their sender takes back. Read by the sender, who answers by mail.
recall-subject = Letters recalled
recall-closed = Recalled: { $address } cannot open the letter any more.
recall-closed-opened = Recalled: { $address } cannot open the letter any more. It was opened { $when }: what was read or downloaded cannot be taken back.
recall-until = Its keys will be destroyed in ten minutes. Until then, answer "no" to open everything again.
recall-copies = Your copy stays, and those of your colleagues.
recall-many = Many letters are recalled in a short time ({ $count }). Nobody can open them, but their keys still exist.
recall-many-what = Answer "yes", alone on the first line, to destroy the keys, or "no" to open these letters again.
recall-undone = Recall undone: the recipients can open again ({ $count }).
recall-confirmed = Confirmed: the keys are destroyed ({ $count }).
