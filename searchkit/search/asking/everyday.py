"""Questions about everything: what is asked of an index to see how close it comes to what it does not hold.

Four a subject, in the forms that people type: a few words, a question, a question with a reason, and a wish in full.
Any index can answer some of them; `calibration` allows for that.
"""

from __future__ import annotations

_BY_SUBJECT = """
sourdough starter feeding schedule
how long do I boil an egg for a runny yolk?
why does my sponge cake sink in the middle when I open the oven door?
I am looking for a vegetarian main course that can be prepared the day before and serves twelve guests.

offside rule football
who won the most grand slam titles in women's tennis?
how should a beginner train for a first marathon without getting injured?
I want to read about how the scoring system of gymnastics was changed after complaints about the judges.

leaking kitchen tap repair
how do I unclog a bathroom drain without chemicals?
which type of insulation is best for the roof of an old stone house?
We need instructions for laying ceramic tiles on an uneven concrete floor, including what adhesive to use.

pruning roses in winter
when should tomato seedlings be planted outside?
why do the leaves of my lemon tree turn yellow and fall off?
Find advice on keeping slugs away from lettuce without using poison that could harm hedgehogs.

dog training recall
how often should a kitten be fed?
what can I do if my parrot plucks its own feathers when it is left alone?
I would like to know what to consider before adopting two guinea pigs for a family with small children.

squeaking brakes bicycle
how do I change a flat tyre on a car?
is it worth buying an electric car if most of my trips are shorter than ten kilometres?
Information is wanted on why a diesel engine loses power on steep mountain roads and smokes in the cold.

cheap flights to Lisbon in May
do I need a visa to travel to Vietnam?
which national parks in Canada can be reached without a car?
I plan a three week journey by train through Scandinavia and want to see fjords and the northern lights.

tenancy deposit return
can my landlord raise the rent without notice?
what happens to a contract if one of the parties was under age when it was signed?
Describe the steps by which a citizen can appeal against a parking fine that was issued by mistake.

compound interest formula
how much of my salary should I save for retirement?
what is the difference between a fixed and a variable mortgage rate?
I am interested in how central banks try to slow down inflation and what this does to unemployment.

income tax return deadline
can I deduct the cost of an office at home?
who has to register for value added tax when selling handmade goods abroad?
Please explain how the inheritance of a house is taxed when it is shared between three siblings.

symptoms of iron deficiency
how much sleep does a teenager need?
why do antibiotics not help against the common cold?
Studies on whether walking half an hour a day lowers blood pressure in people over sixty are wanted.

broken wrist recovery time
what helps against a migraine?
which vaccinations are recommended before travelling to tropical countries?
I would like to learn how surgeons replace a hip joint and how long patients need to walk again.

anxiety before exams
how can I stop thinking about work at night?
what is the difference between sadness and depression, and when should one seek help?
Give an account of how memories are formed and why people sometimes remember things that never happened.

toddler refuses to eat vegetables
at what age do babies start to crawl?
how do I explain the death of a grandparent to a five year old?
Parents ask for games that keep a group of eight year olds busy on a rainy birthday afternoon.

primary school reading methods
what grades do I need to study veterinary medicine?
how can a teacher deal with bullying in the classroom?
Compare the school systems of Finland and Japan with regard to homework, exams and hours of teaching.

curriculum vitae layout
how do I ask my boss for a raise?
what questions are usually asked in an interview for a nursing job?
I wish to find out what an employer must pay when a worker is dismissed during an illness.

French revolution causes
when did the Roman empire fall?
why did the Black Death spread so quickly through medieval towns?
Write about the everyday life of sailors on the ships that crossed the Atlantic in the age of Columbus.

pyramid construction theories
who deciphered the hieroglyphs?
what did archaeologists find in the graves of the Viking chieftains?
I am searching for reports on cave paintings of animals and on the methods used to determine their age.

parliamentary election turnout
how is the president of Brazil elected?
why do some countries have a king or queen and others a president?
Discuss the arguments for and against lowering the voting age to sixteen in local elections.

border dispute negotiations
which states have signed the treaty on nuclear weapons?
what role did foreign ministers play in ending the civil war?
Reports about the visit of a head of state to a neighbouring country and the agreements signed there.

burglary prevention tips
what is the difference between murder and manslaughter?
how do detectives use fingerprints and DNA to solve old cases?
Material is needed about prisons that let inmates work outside and about how many offend again.

capital of Mongolia
which is the longest river in Africa?
why are there so many volcanoes around the Pacific ocean?
Describe how glaciers shape valleys and what traces they leave behind when the ice has melted.

tomorrow's weather forecast
how do hurricanes get their names?
why is the sky blue at noon and red in the evening?
I want to understand how scientists can tell what the climate was like a hundred thousand years ago.

distance from earth to moon
how many planets have rings?
what would happen to an astronaut who fell into a black hole?
Find descriptions of telescopes in orbit and of the pictures they took of very distant galaxies.

speed of light measurement
what is the difference between mass and weight?
why does a spinning top not fall over as long as it turns?
I need an introduction to quantum mechanics for readers who know no more than school mathematics.

periodic table noble gases
how do I balance a chemical equation?
why does salt melt the ice on roads but not at very low temperatures?
The production of plastics from plants instead of oil, with the chemical reactions that are involved.

quadratic formula proof
how many prime numbers are there below one thousand?
what is the probability that two people in a class share a birthday?
I am looking for an elementary explanation of why the area of a circle depends on the number pi.

photosynthesis light reaction
how do bees find their way back to the hive?
why did the dinosaurs die out while birds and crocodiles survived?
Explain how a cell copies its genes before it divides and what happens when the copy has an error.

coral reef bleaching
how many tigers are left in the wild?
what can cities do to reduce the amount of plastic waste in rivers?
Evidence is wanted on whether wolves that return to a region change the number of deer and young trees.

heat pump running costs
how much electricity does a refrigerator use in a year?
are wind turbines dangerous for birds and bats?
Summarize how the waste of nuclear power stations is stored and how long it has to be guarded.

suspension bridge design
how is concrete made stronger with steel?
why do tall buildings sway in the wind and how do engineers prevent it?
Documents on tunnels that were drilled under rivers and the machines that were used for digging them.

soldering iron temperature
how does a transformer change the voltage?
why does my radio hum when it is close to a lamp with a dimmer?
I should like to build a small amplifier for a guitar and need to know which parts to buy.

wireless headphones not pairing
how do I move my photos to a new phone?
what should I look for when buying a used laptop for video editing?
My printer prints blank pages although the cartridges are full and the cable has been replaced twice.

sort a list in reverse order
how do I reset a forgotten password?
what is the difference between a compiler and an interpreter?
I am trying to find out why my web page loads slowly and how to make the pictures on it smaller.

merge two spreadsheets
how can I recover a file that was deleted by accident?
which backup strategy protects a small office against fire and theft?
Describe how messages between two computers are encrypted so that nobody in between can read them.

self driving car accidents
can a machine pass a test of human intelligence?
how do translation programs deal with proverbs and jokes?
An overview of robots that help elderly people at home and of what their users think about them.

library opening hours
how are books sorted on the shelves?
what rights does an author have when a photograph is used without permission?
We are collecting experiences with borrowing electronic books and journals for students who live far away.

Shakespeare sonnets summary
who wrote the first detective novel?
why does the hero of the story return home at the end?
Recommend novels about families over several generations that are set on an island in the Mediterranean.

best science fiction films
who directed the film about the sinking ship?
how are explosions and storms made in a film studio?
I saw a black and white comedy about two musicians who dress up as women and want to know its title.

guitar chords for beginners
how many strings does a cello have?
what makes a violin from the eighteenth century sound so special?
Tell me how jazz spread from New Orleans to Europe and which musicians brought it there.

watercolour paper weight
who painted the ceiling of the chapel?
how can one tell a forged painting from a genuine one?
An exhibition catalogue of sculptures made of glass and light by artists who live in Iceland.

wedding dress alterations
what do I wear to a funeral in summer?
how do I get red wine out of a white cotton shirt?
I need a knitting pattern for a child's pullover with a round neck and a row of sheep across the chest.

chess opening traps
how many cards are dealt in a game of bridge?
what is a good strategy when you are losing at a board game of trading and building?
Rules are wanted for an old dice game that sailors played with three dice and a leather cup.

origin of the word robot
how do you say thank you in Hungarian?
why do some languages have no words for left and right?
I wonder how children who grow up with two languages keep their grammar and vocabulary apart.

meaning of life philosophers
did ancient thinkers believe that animals have souls?
is it ever right to tell a lie in order to protect somebody?
Set out the debate on whether free will can exist if everything that happens has a cause.

Easter date calculation
what do Buddhists believe about rebirth?
why do some religions forbid eating pork?
A comparison of how weddings are celebrated in Jewish, Hindu and Christian families in large cities.

apartment moving checklist
how do I get rid of an old mattress?
which plants clean the air in a bedroom without much light?
Suggest ways of sharing household chores fairly between three people who live together and work shifts.

tractor tyre pressure
how much water does a dairy cow drink in a day?
what makes wheat fall over shortly before the harvest?
Give particulars of how farmers in dry regions collect the rain and lead it to their olive trees.

restaurant tip customs
what is the best coffee in the station?
which wine goes with grilled fish and fennel?
A guest complained that the soup was cold, the waiter unfriendly and the bill higher than the menu said.

emergency number abroad
how do I stop heavy bleeding before the ambulance comes?
what should one do first when a forest fire is coming closer to the village?
The firemen describe how people were rescued by boats and helicopters when the dam broke in the night.
"""

QUESTIONS = tuple(line for line in _BY_SUBJECT.splitlines() if line)
