# Letters about the room that is left in a mailbox, and what colleagues are told. Read by practitioners.
quota-subject = La Sua casella è piena al { $percent } %
quota-near = La Sua casella { $address } è piena al { $percent } %: { $used } su { $quota }.
quota-next = Quando sarà piena, i colleghi non potranno più scriverLe. Lei potrà sempre inviare, e gli avvisi di apertura arriveranno sempre.
quota-soon = Presto sarà piena. I Suoi colleghi riceveranno allora un rifiuto, e il Suo programma di posta non potrà più archiviarvi messaggi.
quota-what = Per fare spazio: svuoti il cestino e la posta indesiderata, elimini i vecchi messaggi con allegati pesanti, oppure chieda più spazio all'amministratore.
quota-footer = Questo avviso viene dal Suo server Pli. Non occupa spazio nella Sua casella. Non serve rispondere.
quota-full-now = { $address }: questa casella è piena, il messaggio non vi è entrato. Riprovi più tardi, oppure avvisi il collega per telefono.
quota-full-long = { $address }: questa casella è piena da più di un giorno, il messaggio non vi è entrato. Avvisi il collega per telefono.
quota-size-kb = { $size } KB
quota-size-mb = { $size } MB
quota-size-gb = { $size } GB
