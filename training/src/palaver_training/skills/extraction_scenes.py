"""The sentences that facts are picked from, and the names a request gives to the facts."""

from __future__ import annotations

from dataclasses import dataclass

from palaver_training.skills.turns import Language


@dataclass(frozen=True, slots=True)
class Field:
    """A fact of a scene.

    Attributes:
        kind: Kind of its value, as in ``palaver_training.skills.values``, or ``people`` for a list.
        keys: What requests call it.
    """

    kind: str
    keys: dict[Language, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Scene:
    """Sentences that tell some of the same facts; ``{slots}`` name the facts."""

    fields: dict[str, Field]
    sentences: dict[Language, tuple[str, ...]]


def _field(kind: str, english: str, chinese: str) -> Field:
    return Field(kind, {"en": tuple(english.split()), "zh": tuple(chinese.split())})


_NAME = _field("person", "name person who full_name first_name", "姓名 名字 人名")
_CITY = _field("city", "city place location town where", "城市 地点 所在地")
_DATE = _field("date", "date day when on_date", "日期 时间 哪天")
_TIME = _field("time", "time hour start start_time at", "时间 时刻 几点")
_COLOUR = _field("colour", "colour color paint", "颜色")

ORDER = Scene(
    {
        "name": _field(
            "person", "name customer buyer client customer_name who", "姓名 客户 买家 顾客"
        ),
        "item": _field("word", "item product article thing item_name goods", "商品 物品 产品"),
        "count": _field("small", "count quantity number amount how_many qty", "数量 个数 件数"),
        "price": _field("amount", "price cost total price_eur value", "价格 金额 总价"),
        "city": _field("city", "city place destination ship_to town", "城市 地点 收货地"),
        "date": _DATE,
    },
    {
        "en": (
            "{name} from {city} ordered {count} {item} for {price} euros.",
            "{name} ordered {count} {item} on {date}.",
            "{name} bought {count} {item} in {city} and paid {price} euros.",
            "On {date} {name} bought {item} for {price} dollars.",
            "We sent {count} {item} to {name} in {city}.",
            "Please send {count} {item} to {name}, {city}. The total is {price} euros.",
            "Order for {name}: {count} x {item}, {price} euros.",
            "{count} {item} were sold to {name} on {date} for {price} euros.",
            "The customer {name} lives in {city} and wants {count} {item}.",
            "Hi, I am {name} and I would like to order {count} {item}.",
        ),
        "zh": (
            "来自{city}的{name}订购了{count}个{item}，价格是{price}元。",
            "{name}在{date}买了{count}个{item}。",
            "{name}在{city}买了{item}，花了{price}元。",
            "请把{count}个{item}寄给{city}的{name}。",
            "{name}的订单：{count}个{item}，一共{price}元。",
            "我是{name}，我想买{count}个{item}。",
        ),
    },
)
PERSON = Scene(
    {
        "name": _NAME,
        "age": _field("small", "age years age_years how_old", "年龄 岁数"),
        "city": _field("city", "city home town residence lives_in location", "城市 住址 居住地"),
        "colour": _field(
            "colour", "colour color favourite_colour favorite_color", "颜色 喜欢的颜色"
        ),
        "job": _field("word", "subject object study hobby topic", "爱好 研究 主题"),
        "email": _field("email", "email mail e_mail address contact", "邮箱 邮件 联系方式"),
        "phone": _field("phone", "phone telephone phone_number tel contact", "电话 手机 电话号码"),
    },
    {
        "en": (
            "{name} is {age} years old and lives in {city}.",
            "{name}, {age}, from {city}, likes the colour {colour}.",
            "My name is {name}. I am {age} and my favourite colour is {colour}.",
            "{name} lives in {city} and loves {job}.",
            "You can reach {name} at {email} or {phone}.",
            "{name} ({email}) lives in {city}.",
            "Call {name} in {city}: {phone}.",
            "I am {name} from {city}, my mail is {email}.",
            "This is {name}. She is {age} and studies {job} in {city}.",
            "The phone number of {name} is {phone}.",
        ),
        "zh": (
            "{name}今年{age}岁，住在{city}。",
            "我叫{name}，{age}岁，最喜欢{colour}。",
            "{name}住在{city}，爱好是{job}。",
            "{name}的电话是{phone}，邮箱是{email}。",
            "我是{city}的{name}，邮箱是{email}。",
            "{city}的{name}，电话{phone}。",
        ),
    },
)
MEETING = Scene(
    {
        "topic": _field("title", "topic title subject event about meeting", "主题 标题 题目 会议"),
        "people": _field("people", "people names who participants attendees", "人员 参加者 姓名"),
        "name": _field("person", "name host organizer leader speaker", "主持人 负责人"),
        "date": _DATE,
        "time": _TIME,
        "place": _field("place", "room place location where venue", "房间 地点 会议室"),
        "city": _CITY,
    },
    {
        "en": (
            '{people} meet on {date} at {time} to talk about "{topic}".',
            'The meeting "{topic}" is at {time} in the {place}.',
            '{name} invites {people} to "{topic}" in {city}.',
            'On {date} at {time} {name} speaks about "{topic}" in {city}.',
            "{people} meet in the {place} at {time}.",
            "{name} will see {people} in {city} on {date}.",
            'Meeting: "{topic}", {date}, {time}, {place}. Host: {name}.',
            'Do not forget "{topic}" with {name} on {date}.',
        ),
        "zh": (
            "{people}在{date} {time}开会，讨论“{topic}”。",
            "会议“{topic}”在{time}开始，地点是{place}。",
            "{name}请{people}到{city}参加“{topic}”。",
            "{people}在{time}见面，地点是{place}。",
            "{name}在{date}主持会议“{topic}”。",
        ),
    },
)
TRIP = Scene(
    {
        "name": _field(
            "person", "name passenger traveller guest who traveler", "姓名 乘客 旅客 客人"
        ),
        "from": _field("city", "from origin departure start from_city", "出发地 起点 始发站"),
        "to": _field("city", "to destination arrival goal to_city", "目的地 终点 到达地"),
        "date": _DATE,
        "time": _field("time", "time departure_time hour leaves_at", "时间 出发时间 几点"),
        "code": _field("code", "flight number code flight_number id", "航班 编号 航班号 车次"),
        "price": _field("amount", "price cost fare ticket_price", "票价 价格 费用"),
    },
    {
        "en": (
            "{name} flies from {from} to {to} on {date}.",
            "Flight {code} from {from} to {to} leaves at {time}.",
            "{name} takes train {code} to {to} at {time}.",
            "The ticket of {name} from {from} to {to} costs {price} euros.",
            "Book {name} on flight {code} to {to} on {date}.",
            "On {date} flight {code} goes to {to} at {time}.",
            "{name} travels to {to}. She leaves {from} at {time} and pays {price} dollars.",
            "From {from} to {to}: {date}, {time}, {price} euros.",
        ),
        "zh": (
            "{name}在{date}从{from}飞往{to}。",
            "航班{code}在{time}从{from}飞往{to}。",
            "{name}坐{code}次列车去{to}，在{time}出发。",
            "{name}从{from}到{to}的票价是{price}元。",
            "从{from}到{to}，{date}，{time}，{price}元。",
        ),
    },
)
PRODUCT = Scene(
    {
        "item": _field("word", "product item name article title", "产品 商品 名称"),
        "price": _field("amount", "price cost value price_usd", "价格 售价 金额"),
        "colour": _COLOUR,
        "count": _field("integer", "stock count available quantity in_stock", "库存 数量 件数"),
        "code": _field("code", "code id sku number reference", "编号 代码 型号"),
        "city": _field("city", "city origin made_in place from", "城市 产地 地点"),
    },
    {
        "en": (
            "The {colour} {item} costs {price} euros.",
            "The {item} ({code}) costs {price} dollars and comes from {city}.",
            "We have {count} {item} in {colour}.",
            "Product {code}: {item}, {colour}, {price} euros, {count} in stock.",
            "A {colour} {item} from {city}, number {code}.",
            "There are {count} {item} left in {city} for {price} euros each.",
            "{item} {code} is sold in {city}.",
        ),
        "zh": (
            "{colour}的{item}售价{price}元。",
            "{item}（编号{code}）产自{city}，售价{price}元。",
            "{colour}的{item}还有{count}个。",
            "{city}还有{count}个{item}，编号{code}。",
        ),
    },
)
STAY = Scene(
    {
        "name": _field("person", "guest name person booked_by who", "客人 姓名 预订人"),
        "place": _field("title", "hotel restaurant place venue", "酒店 餐厅 店名"),
        "city": _CITY,
        "count": _field("small", "nights people persons guests number", "天数 人数 数量"),
        "date": _field("date", "date arrival day from check_in", "日期 到达日期 入住日期"),
        "code": _field("code", "room code booking number booking_code", "房号 编号 预订号"),
    },
    {
        "en": (
            "{name} stays {count} nights in {city} from {date}.",
            '{name} booked the "{place}" in {city} for {count} people.',
            'Booking {code}: {name}, "{place}", {date}.',
            "{name} has room {code} for {count} nights.",
            '{name} arrives in {city} on {date} and sleeps at the "{place}".',
            'A table for {count} at the "{place}" on {date}, please. My name is {name}.',
        ),
        "zh": (
            "{name}从{date}起在{city}住{count}天。",
            "{name}在{city}的“{place}”订了{count}人的位子。",
            "预订号{code}：{name}，“{place}”，{date}。",
            "{name}住{code}房间，一共{count}天。",
        ),
    },
)
PET = Scene(
    {
        "name": _field("person", "owner name person human who", "主人 姓名"),
        "pet": _field("person", "pet pet_name called animal_name", "宠物名 宠物"),
        "animal": _field("animal", "animal species kind type", "动物 种类 品种"),
        "age": _field("small", "age years pet_age", "年龄 岁数"),
        "colour": _COLOUR,
        "city": _CITY,
    },
    {
        "en": (
            "{name} has a {colour} {animal} called {pet}.",
            "{pet} is a {animal}, {age} years old. It belongs to {name}.",
            "{name} from {city} lost a {animal} named {pet}.",
            "The {animal} of {name} is {colour} and {age} years old.",
            "{pet} the {animal} lives in {city} with {name}.",
        ),
        "zh": (
            "{name}有一只{colour}的{animal}，叫{pet}。",
            "{pet}是{name}的{animal}，今年{age}岁。",
            "{city}的{name}丢了一只{animal}，名叫{pet}。",
        ),
    },
)
PARCEL = Scene(
    {
        "from_person": _field("person", "sender from sent_by", "寄件人 发送人"),
        "to_person": _field("person", "receiver to recipient sent_to", "收件人 接收人"),
        "code": _field("code", "code number parcel tracking_number id", "单号 编号 包裹号"),
        "item": _field("word", "content item thing what object", "物品 内容 东西"),
        "city": _field("city", "city destination place to_city", "城市 目的地"),
        "weight": _field("amount", "weight kg weight_kg kilos", "重量 公斤"),
    },
    {
        "en": (
            "{from_person} sent parcel {code} to {to_person} in {city}.",
            "{from_person} gave {to_person} a {item}.",
            "Parcel {code} weighs {weight} kg and goes to {city}.",
            "The {item} from {from_person} for {to_person} weighs {weight} kg.",
            "{to_person} in {city} got a {item} from {from_person}.",
        ),
        "zh": (
            "{from_person}把包裹{code}寄给{city}的{to_person}。",
            "{from_person}送给{to_person}一个{item}。",
            "包裹{code}重{weight}公斤，寄往{city}。",
            "{city}的{to_person}收到了{from_person}寄来的{item}。",
        ),
    },
)

SCENES = (ORDER, PERSON, MEETING, TRIP, PRODUCT, STAY, PET, PARCEL)
"""Scenes of everyday facts."""
