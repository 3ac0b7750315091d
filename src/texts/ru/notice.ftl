# The e-mail with the link. It says nothing of who wrote, to whom, or about what.
notice-subject = { $practice }: вас ждёт письмо
notice-hello = Здравствуйте!
notice-what = { $practice }: вам отправили конфиденциальное сообщение. Чтобы его прочитать:
notice-steps = Откройте ссылку, запросите код по СМС или телефонным звонком и введите его. Регистрироваться не нужно.
notice-host = Ссылка начинается с https://{ $host }/ : проверьте это, прежде чем открыть её.
notice-until = Сообщение хранится до { $date }: не забудьте его сохранить.
notice-call = Есть сомнения? Позвоните ({ $practice }): { $telephone } или номер, который вы знаете.
notice-call-known = Есть сомнения? Позвоните ({ $practice }) по номеру, который вы знаете.
notice-no-answer = Не отвечайте на это письмо: его никто не читает.
notice-open = Открыть сообщение
notice-other = Русский: откройте ссылку, страница есть и на русском языке.

# The notice once more, to who has not opened it.
remind-subject = Напоминание: { $practice } вам написал
remind-what = { $practice } отправил вам конфиденциальное сообщение, которое вы ещё не открыли. Чтобы прочитать его:
