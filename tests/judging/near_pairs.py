"""Pairs of different words and names that differ in a letter or two. No rule may accept one for the other."""

_LISTED = """
Iceland/Ireland Iran/Iraq Mali/Malta Mali/Malawi Austria/Australia Slovenia/Slovakia Niger/Nigeria Gambia/Zambia
Dominica/Dominican Guinea/Guiana Guyana/Guiana Latvia/Lativa Oman/Omar Chad/Chat Cuba/Cube Peru/Pera Togo/Togo's
Chile/China Chile/Child India/Indiana Indian/Indiana Korea/Koreas Jordan/Jordans Georgia/Georgian Samoa/Samos
Kansas/Arkansas Virginia/Virginian Carolina/Caroline Maine/Marine Bath/Bach Reading/Heading York/Cork Kent/Gent
Paris/Parish Lyon/Lion Rome/Rose Nice/Niece Turin/Turing Cologne/Bologna Essen/Hessen Bern/Berlin Graz/Grass
Baden/Basel Bonn/Born Halle/Hallo Dover/Denver Boston/Bolton Dallas/Dulles Austin/Justin Houston/Hutton
Johnson/Johnston Johnson/Jonson Williams/William Roberts/Robert Adams/Adam Peters/Peter Daniels/Daniel
Stephens/Stephen Edwards/Edward Rogers/Roger Brooks/Brook Woods/Wood Waters/Water Fields/Field Meyer/Mayer
Smith/Smyth Clark/Clarke Brown/Browne Green/Greene Reed/Reid Read/Reed Thomson/Thompson Philips/Phillips
Anderson/Andersen Peterson/Petersen Hansen/Hanson Jensen/Jansen Olsen/Olson Larsen/Larson Lewis/Louis Ann/Anne
Erik/Eric Marc/Mark Jon/John Sara/Sarah Carl/Karl Alan/Allan Gray/Grace Harris/Harrison Morris/Norris Hunt/Hurt
Walking/Talking Lending/Sending Lending/Leading Mending/Sending Hiring/Firing Buying/Burying Baking/Banking
Cooking/Looking Cooling/Cooking Housing/Mousing Fishing/Dishing Gaming/Gaining Mining/Dining Riding/Hiding
Sailing/Mailing Selling/Telling Singing/Ringing Swimming/Skimming Teaching/Reaching Training/Draining Rating/Dating
Hyperthyroidism/Hypothyroidism Hypertension/Hypotension Hyperglycemia/Hypoglycemia Hyperthermia/Hypothermia
Microeconomics/Macroeconomics Microscope/Macroscope Immigration/Emigration Immigrant/Emigrant Paternal/Maternal
Paternity/Maternity Prescribed/Proscribed Import/Export Imports/Exports Internal/External Interior/Exterior
Include/Exclude Inclusive/Exclusive Implicit/Explicit Increase/Decrease Increasing/Decreasing Ascending/Descending
Employed/Unemployed Vaccinated/Unvaccinated Legal/Illegal Direct/Indirect Urban/Suburban Approve/Disapprove
Agree/Disagree Likely/Unlikely Paid/Unpaid Able/Unable Formal/Informal Regular/Irregular Complete/Incomplete
Male/Female Men/Women Rural/Plural Rural/Mural Public/Pubic Private/Privates County/Country County/Bounty
Affect/Effect Accept/Except Adapt/Adopt Advice/Advise Angel/Angle Desert/Dessert Diary/Dairy Dual/Duel
Fiscal/Physical Form/From Moral/Morale Personal/Personnel Quiet/Quite Principal/Principle Stationary/Stationery
Loose/Lose Through/Though Trail/Trial United/Untied Casual/Causal Martial/Marital Sacred/Scared Silver/Sliver
Methane/Ethane Methane/Methene Ethane/Ethene Propane/Propene Butane/Butene Butene/Butyne Methanol/Ethanol
Propanol/Propanal Methyl/Ethyl Chloride/Chlorine Chlorite/Chlorate Nitrite/Nitrate Nitrite/Nitride Sulfite/Sulfate
Sulfide/Sulfite Phosphite/Phosphate Fluorine/Fluoride Bromine/Bromide Iodine/Iodide Amine/Amide Glucose/Glycose
Silicon/Silicone Magnesium/Manganese Carbon/Carton Cesium/Cerium Radium/Radon Thorium/Thulium Argon/Argan
Prednisone/Prednisolone Hydroxyzine/Hydralazine Celebrex/Celexa Zantac/Xanax Losec/Lasix Clonidine/Clonazepam
Dopamine/Dobutamine Vinblastine/Vincristine Cefazolin/Cefoxitin Metformin/Metforman Taxol/Taxotere Lamictal/Lamisil
Adidas/Adidos Nike/Bike Nike/Nikon Canon/Cannon Sony/Pony Dell/Bell Intel/Inter Visa/Vista Ford/Fork Audi/Aldi
Fiat/Fiji Seat/Sear Saab/Saar Mazda/Mazdas Lexus/Nexus Lidl/Lids Aldi/Aldo Shell/Shall Total/Tidal Lego/Logo
Oracle/Orange Apple/Ample Uber/Tuber Lyft/Lift Bing/Ping Skype/Skips Viber/Fiber Line/Lime Tinder/Kinder
Monday/Sunday Sunday/Sundry March/Match June/July Jan/Jun Mar/May Spring/String Winter/Writer Summer/Simmer
Morning/Mourning Black/Block Black/Slack Blue/Glue Green/Greek Brown/Crown White/While Pink/Link Gold/Cold Red/Bed
Grey/Prey Teal/Seal Tan/Ton Beige/Badge Purple/Purpose Orange/Grange Maroon/Macaroon
Cat/Car Cat/Bat Cow/Crow Dog/Dot Horse/House Mouse/House Goat/Boat Sheep/Sleep Deer/Beer Duck/Dock Fox/Box Bear/Pear
Lamb/Lamp Bread/Beard Butter/Better Cheese/Cheers Coffee/Coffer Tea/Sea Wine/Wind Beer/Beet Meat/Meal Rice/Ride
Bean/Bear Corn/Horn Peach/Beach Pear/Peal Plum/Plumb Grape/Grade Lemon/Melon Olive/Alive Onion/Union
Good/Goods Custom/Customs New/News Mean/Means Glass/Glasses Arm/Arms Saving/Savings Premise/Premises Wale/Wales
Stage_1/Stage_2 Type_A/Type_B Group_1/Group_11 Level_2/Level_-2 Vitamin_C/Vitamin_D Q1/Q2 G7/G8 5G/4G H1N1/H5N1
North_Korea/South_Korea West_Virginia/Virginia New_York/New_Cork South_Sudan/Sudan East_Timor/West_Timor
Northern_Ireland/Northern_Iceland Lower_Saxony/Lower_Savony Upper_class/Upper_glass Home_page/Hope_page
"""

PAIRS = tuple(
    (left.replace("_", " "), right.replace("_", " ")) for left, right in (pair.split("/") for pair in _LISTED.split())
)
