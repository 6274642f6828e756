"""Words that hold a sentence together and name no topic, in the languages that are most often met."""

from __future__ import annotations

_ENGLISH = """
a about above across after again against ago all almost alone along already also although always am among amongst an
and another any anybody anyone anything anyway are aren around as ask asked asking asks at away back be became because
become becomes been before began begin behind being below beneath beside besides best better between beyond both but
by call called came can cannot com come comes coming could couldn d did didn different do does doesn doing don done
down during each either else enough especially even ever every everybody everyone everything example except far feel
feels fell felt few find first followed following follows for found from full fully further gave get gets getting give
given gives giving go goes going gone got great had hadn half happen happened has hasn have haven having he hear heard
hears hence her here hers herself him himself his how however html http https i if in indeed inside instead into is
isn it its itself just keep keeps kept knew know known knows large largely later latter least less let lets like
likely little ll look looked looking looks lot made mainly make makes making many matter may maybe me mean means meant
might mine more moreover most mostly mr mrs ms much must my myself namely near nearly need needed needs neither never
nevertheless next no nobody none nor not nothing now nowhere o obviously of off often oh ok on once one ones only onto
or org other others otherwise ought our ours ourselves out outside over own particular particularly per perhaps please
possible possibly put quite rather re really right said same saw say saying says second see seem seemed seems seen
several shall shan she should shouldn simply since so some somebody somehow someone something sometimes somewhat
somewhere soon still such suppose sure t take taken takes taking tell than thank that the their theirs them themselves
then there thereby therefore these they thing things think this those though thought three through throughout thus
till to today together told too took toward towards tried try trying turned two under unless unlike until up upon us
use used useful uses using usually ve very via want wanted wants was wasn way ways we well went were weren what
whatever when whenever where whereas wherever whether which while who whoever whole whom whose why will wish with
within without won would wouldn www yes yet you your yours yourself yourselves
"""
_GERMAN = """
aber alle allem allen aller alles als also am an ander andere anderem anderen anderer anderes auch auf aus bei beim
bin bis bist da dadurch daher dann das dass dein deine dem den denn der des dessen die dies diese diesem diesen dieser
dieses doch dort du durch ein eine einem einen einer eines er es etwas euer eure für gegen gibt habe haben hat hatte
hatten hier hin hinter ich ihm ihn ihnen ihr ihre ihrem ihren ihrer im in ins ist ja jede jedem jeden jeder jedes
jener jetzt kann kannst kein keine keinem keinen keiner können könnte machen man mehr mein meine mit muss müssen nach
nicht nichts noch nun nur ob oder ohne schon sehr sein seine seinem seinen seiner seit sich sie sind so sollte sondern
sonst über um und uns unser unter viel vom von vor wann war waren warum was weil wenn wer werde werden wie wieder wird
wir wo wurde wurden würde zu zum zur zwischen
"""
_FRENCH = """
ai aussi autre autres aux avait avec avoir bien car ce cela ces cet cette ceux chaque chez comme comment dans de
des deux donc dont du elle elles en encore entre es est et eu être eux fait faire fois il ils je jusque la le les leur
leurs lui là ma mais me mes moi moins mon même ne ni non nos notre nous on ont ou où par parce pas peu peut peuvent
plus pour pourquoi quand que quel quelle quelles quels qui quoi sa sans se sera ses si son sont sous sur ta te tes toi
ton tous tout toute toutes très tu un une vers voici voilà vos votre vous y à ça était étaient été
"""
_SPANISH = """
al algo algunas algunos ante antes aquí así aunque cada como con contra cual cuando cómo de del desde donde dos el ella
ellas ellos en entre era eran es esa esas ese eso esos esta estaba estas este esto estos está están fue fueron ha había
han hasta hay la las le les lo los me mi mis mucho muchos muy más nada ni no nos nosotros o os otra otras otro otros
para pero poco por porque puede pueden que quien qué se sea según ser si sido sin sobre solo son su sus sí también
tanto te tiene tienen todo todos tu un una uno unos usted ustedes y ya yo él
"""
_ITALIAN = """
agli ai al alla alle allo anche ancora avere aveva che chi ci come con contro cosa così cui da dagli dai dal dalla
dalle dei del della delle dello di dopo dove due e ed era erano essere fa fino fra gli ha hanno ho i il in io la le lei
li lo loro lui ma me mi mia mio molto ne negli nei nel nella nelle noi non nostro o ogni per perché più poi prima può
qual quale quando quella quelle quelli quello questa queste questi questo qui se sei senza si sia sono su sua sue sugli
sul sulla suo suoi tra tu tutti tutto un una uno vi voi è
"""
_PORTUGUESE = """
ao aos as até com como da das de dela dele deles depois do dos e ela elas ele eles em entre era essa esse esta este eu
foi foram há isso isto já lhe mais mas me mesmo meu minha muito na nas nem no nos nossa nosso não num numa o os ou para
pela pelas pelo pelos por qual quando que quem se sem ser seu seus sua suas são só também te tem têm um uma umas uns
você vocês à às é
"""
_DUTCH = """
aan af al alle alles als andere bij daar dan dat de der deze die dit doen door dus een en er ge geen had heb hebben
heeft hem het hier hij hoe hun ik in is ja je kan kon kunnen maar me meer men met mij mijn moet na naar niet niets nog
nu of om omdat ons ook op over reeds te tegen toch toen tot u uit uw van veel voor want waren was wat we wel werd wie
wij worden wordt zal ze zelf zich zij zijn zo zonder zou
"""
_RUSSIAN = """
а без более больше будет будто бы был была были было быть в вам вас ведь весь во вот все всего всех вы где да даже для
до его ее если есть еще ещё же за здесь и из или им их к как какая какой ко когда кто ли либо мне много может можно мой
моя мы на над надо нас не него нее нет ни них но ну о об один он она они от перед по под при про раз с сам себе себя со
так также такой там те тем то того тоже только том ты у уже хотя чего чем через что чтобы эта эти это этого этой этом
этот я
"""
NO_TOPIC = frozenset(
    word
    for words in (_ENGLISH, _GERMAN, _FRENCH, _SPANISH, _ITALIAN, _PORTUGUESE, _DUTCH, _RUSSIAN)
    for word in words.split()
)
_ONLY_WITHIN = """
bit big case cases day days early fact facts good high important kind kinds long low moment moments new old part parts
people person persons point points real short small sort thing time times today week weeks year years young
"""
NO_TOPIC_ALONE = frozenset(_ONLY_WITHIN.split())
"""What names a topic as part of a phrase, such as New York or working day, and not by itself."""
