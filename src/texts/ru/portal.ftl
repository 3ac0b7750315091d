# The patient's pages. Plain, warm, simple: read at eighty, on a small telephone.

## Moments, sizes, kinds
portal-month-1 = января
portal-month-2 = февраля
portal-month-3 = марта
portal-month-4 = апреля
portal-month-5 = мая
portal-month-6 = июня
portal-month-7 = июля
portal-month-8 = августа
portal-month-9 = сентября
portal-month-10 = октября
portal-month-11 = ноября
portal-month-12 = декабря
portal-day = { $day } { $month }
portal-day-year = { $day } { $month } { $year } года
portal-time = { $hour ->
    [0] 00
   *[other] { $hour }
}:{ $minute }
portal-hour = { $hour ->
    [0] 00
   *[other] { $hour }
}:00
portal-moment = { $day } в { $time }
portal-at-time = в { $time }
portal-at-day-time = { $day } в { $time }
portal-until-time = до { $time }
portal-until-day-time = до { $day }, { $time }
portal-decimal-point = ,
portal-size-bytes = { $size ->
    [one] { $size } байт
    [few] { $size } байта
    [many] { $size } байт
   *[other] { $size } байта
}
portal-size-kb = { $size } КБ
portal-size-mb = { $size } МБ
portal-kind-pdf = PDF
portal-kind-image = изображение
portal-kind-audio = звукозапись
portal-kind-video = видео
portal-kind-calendar = встреча
portal-kind-text = текст
portal-kind-message = сообщение
portal-kind-archive = сжатая папка
portal-kind-sheet = таблица
portal-kind-document = документ
portal-kind-other = файл

## Around every page
portal-skip = К содержанию
portal-languages = Язык
portal-demonstration = Демонстрация — не вводите здесь настоящих данных.
portal-call = Телефон:
portal-error-title = Ошибка: { $title }

## The link: how the code shall come
portal-choose-title = Получить код
portal-choose-heading = Вас ждёт письмо
portal-choose-text = Чтобы защитить его, мы отправим на ваш телефон код из 6 цифр.
portal-choose-legend = Как вам удобнее получить код?
portal-choose-legend-one = Вот как можно получить код. Отметьте, если согласны:
portal-choose-sms = По СМС
portal-choose-sms-hint = Текстовое сообщение на ваш мобильный телефон
portal-choose-voice = Телефонным звонком
portal-choose-voice-hint = Ваш телефон зазвонит, и голос назовёт цифры
portal-choose-button = Отправить код
portal-choose-one = Сначала выберите: по СМС или телефонным звонком.
portal-choose-one-sms = Сначала выберите «По СМС», затем отправьте код.
portal-choose-one-voice = Сначала выберите «Телефонным звонком», затем отправьте код.
portal-choose-none = Сейчас мы не можем отправить код. Позвоните нам по номеру { $telephone }.
portal-choose-none-silent = Сейчас мы не можем отправить код. Попробуйте позже или позвоните в кабинет, откуда вам написали.
portal-kept = Это письмо будет ждать вас до { $day }.
portal-wait = Пока нельзя запросить ещё один код. Это можно будет сделать { $at }.
portal-failed-landline = Этот номер не принимает СМС.
portal-failed-unknown-number = Такого номера нет. Позвоните в кабинет, чтобы его исправили.
portal-failed-stopped = Вы отказались от наших СМС (ответив STOP).
portal-failed-ceiling = Сейчас мы больше не можем отправлять коды на этот номер. Попробуйте завтра или позвоните в кабинет.
portal-failed-sms = СМС отправить не удалось.
portal-failed-voice = Дозвониться не удалось.
portal-then-again = Попробуйте ещё раз.
portal-then-sms = Выберите СМС.
portal-then-voice = Выберите телефонный звонок.
portal-then-again-or-sms = Попробуйте ещё раз или выберите СМС.
portal-then-again-or-voice = Попробуйте ещё раз или выберите телефонный звонок.

## The link: the code
portal-enter-title = Введите код
portal-enter-heading = Введите код
portal-sent-sms = Мы отправили СМС на номер, который заканчивается на { $two }.
portal-sms-leaving = Мы отправляем СМС на номер, который заканчивается на { $two }.
portal-follows = Эта страница сама сообщает, что стало с кодом. Если код не сможет прийти, она покажет, что делать дальше.
portal-sms-unknown = Мы пока не знаем, пришло ли оно.
portal-sms-arrived = Оно пришло на телефон { $at }.
portal-sms-failed = СМС не пришло.
portal-phone-absent = Ваш телефон выключен или вне сети.
portal-sent-voice = Мы звоним на номер, который заканчивается на { $two }. Ответьте, нажмите клавишу 1, если голос об этом попросит, и запишите цифры.
portal-voice-said = Код был сказан по телефону { $at }.
portal-voice-nobody = Никто не ответил на наш звонок, или не была нажата клавиша.
portal-voice-failed = Звонок не состоялся.
portal-enter-label = Ваш код из 6 цифр
portal-letters = Это код из сообщения с буквами «{ $letters }».
portal-enter-button = Открыть письмо
portal-code-until = Этот код действует { $until }.
portal-tries-left = { $count ->
    [one] У вас осталась { $count } попытка.
    [few] У вас осталось { $count } попытки.
    [many] У вас осталось { $count } попыток.
   *[other] У вас осталось { $count } попытки.
}
portal-missing-summary = Код не приходит?
portal-missing-text = Это может занять минуту. Проверьте, что телефон включён и есть связь.
portal-number-gone = Номер, который заканчивается на { $two }, уже не ваш?
portal-number-call = Позвоните нам: { $telephone }. Мы изменим номер.
portal-number-silent = Позвоните в кабинет, который вам написал: номер изменят.
portal-missed-at = Если его нет, вы сможете получить его другим способом { $at }. Код будет тот же.
portal-missed-button = Код не пришёл
portal-again-at = Ещё один код можно будет запросить { $at }.
portal-again-sms = Отправить ещё одно СМС
portal-again-voice = Позвонить ещё раз
portal-other-sms = Лучше по СМС
portal-other-voice = Лучше звонком
portal-not-a-code = В коде 6 цифр. Посмотрите на полученное сообщение и введите их все.
portal-none-here = Этот код запросили не в этом окне, или его время истекло. Запросите код здесь.
portal-code-over = Время этого кода истекло: он действовал десять минут. Запросите другой.
portal-wrong = { $count ->
    [one] Код неверный. У вас осталась { $count } попытка.
    [few] Код неверный. У вас осталось { $count } попытки.
    [many] Код неверный. У вас осталось { $count } попыток.
   *[other] Код неверный. У вас осталось { $count } попытки.
}
portal-wrong-spent = Код неверный, и использовать его больше нельзя. Запросите другой.

## Where the practice asks for the birth date with the code: never which of the two was wrong
portal-born-legend = Ваша дата рождения
portal-born-hint = Например: 27 3 1950
portal-born-day = День
portal-born-month = Месяц
portal-born-year = Год
portal-born-unread = Нужны код из 6 цифр и ваша дата рождения: день, месяц и год четырьмя цифрами. Введите и то и другое ещё раз.
portal-born-wrong = { $count ->
    [one] Код или дата рождения неверны. Введите и то и другое ещё раз. У вас осталась { $count } попытка.
    [few] Код или дата рождения неверны. Введите и то и другое ещё раз. У вас осталось { $count } попытки.
    [many] Код или дата рождения неверны. Введите и то и другое ещё раз. У вас осталось { $count } попыток.
   *[other] Код или дата рождения неверны. Введите и то и другое ещё раз. У вас осталось { $count } попытки.
}
portal-born-spent = Код или дата рождения были неверны, и использовать этот код больше нельзя. Запросите другой.

## The link: not now, or never more
portal-paused-title = Небольшая пауза
portal-paused-text = Несколько кодов были неверными. Попробовать снова можно будет { $at }.
portal-paused-why = Эта пауза защищает ваше письмо. Ничего не потеряно.
portal-paused-reload = Попробовать снова
portal-expired-title = Это письмо больше недоступно
portal-expired-text = Срок для чтения истёк, и письмо удалено.
portal-recalled-title = Это письмо отозвано
portal-recalled-text = Отправитель отозвал его. Прочитать его больше нельзя.
portal-locked-title = Это письмо закрыто
portal-locked-text = Слишком много раз введён неверный код. Ради вашей безопасности это письмо больше не открывается по этой ссылке.
portal-suspended-title = Это письмо пока недоступно
portal-suspended-text = Практика проверяет его, прежде чем снова открыть. Повторите попытку позже по этой же ссылке или позвоните в практику.
portal-ended-call = Чтобы получить новое письмо, позвоните нам по номеру { $telephone }.
portal-ended-silent = Чтобы получить новое письмо, позвоните в кабинет, откуда вам написали.

## The letter
portal-letter-title = Ваше письмо
portal-no-subject = Без темы
portal-no-text = В этом письме нет текста.
portal-text-label = Текст письма
portal-from = От кого
portal-date = Дата
portal-files-heading = Вложенные файлы
portal-open = Открыть
portal-save = Сохранить
portal-save-all = Сохранить всё (ZIP, { $size })
portal-files-other = Не получается прочесть файл? Попросите кабинет дать его вам в другом виде.
portal-all-name = Документы
portal-letter-kept = Это письмо хранится до { $day }. Не забудьте сохранить то, что вам нужно.
portal-session-heading = Эта страница
portal-open-until = Эта страница открыта { $until }.
portal-prolong = Остаться ещё на час
portal-close = Закрыть письмо
portal-close-hint = Если компьютером пользуетесь не только вы, закройте письмо, когда закончите.
portal-closed-title = Письмо закрыто
portal-closed-text = Спасибо. Теперь на этом устройстве его никто не прочитает без нового кода.
portal-closed-again = Чтобы прочитать его снова, ещё раз откройте ссылку из электронной почты.
portal-gone-title = Этого письма здесь больше нет
portal-gone-text = Его отозвали, или его срок истёк.
portal-gone-call = Чтобы узнать больше, позвоните нам по номеру { $telephone }.
portal-gone-silent = Чтобы узнать больше, позвоните в кабинет, откуда вам написали.

## For everybody
portal-index-title = Конфиденци­альные письма
portal-index-text = Здесь можно безопасно прочитать письмо, которое вам отправили из кабинета.
portal-index-open = Чтобы прочитать своё письмо, откройте ссылку, которая пришла вам по электронной почте.
portal-unknown-title = Такой страницы нет
portal-unknown-text = Чтобы прочитать письмо, откройте ссылку, которая пришла вам по электронной почте.
portal-incomplete-title = Ссылка неполная
portal-incomplete-text = Часть ссылки потерялась. Вернитесь в электронную почту и нажмите на ссылку или скопируйте её целиком.
portal-incomplete-call = Если всё равно не получается, позвоните в кабинет, откуда вам написали.
portal-not-open-title = Страница закрыта
portal-not-open-text = Ещё раз откройте ссылку из электронной почты: мы отправим вам новый код.
portal-foreign-title = Откройте ссылку ещё раз
portal-foreign-text = Эта страница устарела, или она из другого окна. Ещё раз откройте ссылку из электронной почты.
portal-foreign-cookies = Если вы снова увидите эту страницу, разрешите файлы cookie в настройках браузера.
portal-broken-title = Ваш ответ пришёл не полностью
portal-broken-text = Он не отправлен. Откройте снова ссылку из вашего сообщения и напишите его ещё раз.
portal-planted-title = Другой сайт мешает этой странице
portal-planted-text = Другой сайт оставил здесь файл cookie, похожий на наш. Мы его удалили: откройте снова ссылку из вашего сообщения. Ответ, который вы только что отправили, не ушёл.
portal-planted-again = Если вы снова увидите эту страницу, откройте ссылку в приватном окне или в другом браузере.
portal-ask-again = Попросить письмо снова
portal-asked-title = Просьба передана
portal-asked-text = Кабинет, который вам пишет, извещён. Если он отправит письмо снова, вы получите новое электронное письмо с новой ссылкой.
portal-not-mine = Это письмо не для вас?
portal-not-mine-sure = Да, это письмо не для меня
portal-not-mine-tell = Сообщить кабинету
portal-told-title = Сообщено
portal-told-text = Кабинет извещён. Вы можете закрыть эту страницу и удалить электронное письмо.
portal-untold-text = Отсюда не удалось известить кабинет. Вы можете закрыть эту страницу и удалить электронное письмо.
portal-not-mine-tick = Отметьте, если это письмо не для вас.
portal-open-here = Здесь уже открыто письмо этого кабинета: это откроется без нового кода.
portal-open-here-button = Открыть это письмо
portal-remember = Не спрашивать код в этом браузере 30 дней
portal-remember-hint = Только на устройстве, которым пользуетесь лишь вы. Письма этого кабинета будут открываться на нём без кода.
portal-open-remembered = Этот браузер запомнен до { $day }: письмо откроется без кода.
portal-remembered-until = Этот браузер запомнен до { $day }: письма этого кабинета открываются здесь без кода.
portal-forget = Забыть этот браузер
portal-forgotten-title = Этот браузер забыт
portal-forgotten-text = В следующий раз здесь потребуется код.
portal-to-letter = Вернуться к письму
portal-message-title = Сообщение, приложенное к письму
portal-as-sent = Показать текст в исходном виде
portal-as-sent-title = Текст в исходном виде
portal-to-message = Вернуться к сообщению
portal-closed-remembered = Спасибо. Этот браузер остаётся запомненным до { $day }: ссылка из вашего сообщения открывает здесь письмо без кода.
portal-unavailable-title = Небольшая неполадка у нас
portal-unavailable-text = Сейчас страницу показать не удаётся. Попробуйте ещё раз через несколько минут. Ваше письмо не пропало.
portal-no-file-title = Этого файла здесь нет
portal-no-file-text = Письмо отозвали, или ссылка на файл неверна. Ещё раз откройте ссылку из электронной почты.
portal-unavailable-call = Если это не проходит, позвоните в кабинет, откуда вам написали.
