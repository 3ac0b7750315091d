# What comes back of notices: why a letter was not delivered, and the one answer to who presses Reply.
bounce-why-spam = сервер получателя принял уведомление за спам.
bounce-why-no-server = ни один сервер не принимает почту для этого адреса. Вероятно, он написан с ошибкой.
bounce-other-what = Получатель ничего не получил. Адрес, вероятно, верный: позвоните или отправьте новое письмо на другой адрес.
bounce-said = Его сервер ответил: { $said }
bounce-answer-subject = { $practice }: этот адрес никто не читает
bounce-answer = Ответы на этот адрес никто не читает. Ваше письмо не прочитано, не сохранено и никому не передано.
bounce-answer-open = Чтобы прочитать письмо от { $practice }, откройте ссылку из нашего письма.
bounce-answer-call = Чтобы связаться с { $practice }, позвоните по номеру { $telephone }. В экстренном случае звоните 112.
bounce-answer-call-known = Чтобы связаться с { $practice }, позвоните по номеру, который вы знаете. В экстренном случае звоните 112.
