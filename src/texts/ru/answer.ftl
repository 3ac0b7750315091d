# Answers to a letter, written on its page.

## The page
answer-heading = Ответить
answer-emergency = Не для экстренных случаев: ответы читают не сразу. В экстренном случае звоните { $first } или { $second }.
answer-emergency-one = Не для экстренных случаев: ответы читают не сразу. В экстренном случае звоните { $first }.
answer-away = Того, кто вам написал, не будет на месте { $until }.
answer-text-label = Ваш ответ
answer-files-label = Добавить фотографии или PDF
answer-files-hint = Не больше { $count } файлов, всего { $size }.
answer-other-summary = Добавить файл другого вида
answer-other-label = Другие файлы
answer-safe = Ваш ответ защищён так же, как это письмо. Отправка фотографий может занять минуту: не закрывайте страницу.
answer-button = Отправить ответ
answer-sent-title = Ваш ответ отправлен
answer-sent = { $files ->
    [0] Ответ отправлен { $at }.
    [one] Ответ отправлен { $at }, с ним { $files } файл.
    [few] Ответ отправлен { $at }, с ним { $files } файла.
   *[many] Ответ отправлен { $at }, с ним { $files } файлов.
}
answer-waiting = Ответ, написанный { $at }, ещё не отправлен: он ждёт кода.
answer-closed-off = Здесь нельзя ответить на это письмо.
answer-closed-over = Время для ответа здесь прошло.
answer-closed-full = Почтовый ящик кабинета полон. Он не может принять ответ.
answer-closed-enough = Сегодня отправлено много ответов. Попробуйте завтра.
answer-closed-ended = Тот, кто вам написал, завершил эту переписку.
answer-call = Чтобы связаться с нами, звоните: { $telephone }.
answer-call-silent = Чтобы связаться с кабинетом, который вам написал, позвоните туда.

## What went wrong
answer-nothing = Напишите ответ или добавьте файл.
answer-too-long = Текст слишком длинный: не больше { $count } знаков.
answer-too-large = Файлы слишком большие: всего не больше { $size }.
answer-too-many = Слишком много файлов: не больше { $count }.
answer-program = «{ $name }» – программа. Её нельзя отправить.
answer-infected = В «{ $name }» есть вирус. Этот файл нельзя отправить.
answer-not-scanned = Сейчас мы не можем проверить файлы. Попробуйте позже или отправьте текст без файлов.
answer-busy = Слишком много файлов приходит сразу. Попробуйте через минуту.
answer-not-sent = Ничего не отправлено. Ваш текст остался здесь; выберите файлы ещё раз.

## The page had closed
answer-kept-link = Ваш ответ сохранён, но ещё не отправлен: страница закрылась. Запросите код и введите его { $until }. Ответ уйдёт сразу.
answer-lost-title = Ваш ответ не отправлен
answer-lost-text = Вот ваш текст: его можно скопировать.
answer-lost-link = Открыть письмо

## In the practitioner's INBOX
answer-from-patient = { $name } (пациент)
answer-from-carer = { $name } (близкий человек)
answer-below-who = Ответ от { $address }, написан { $when } на защищённой странице, открытой с кодом, отправленным на номер, который кончается на { $two }.
answer-below-how = Чтобы написать в ответ, ответьте на это письмо: оно уйдёт защищённым письмом на тот же номер.
