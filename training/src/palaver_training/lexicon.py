"""Words that the generators share: English and Chinese pairs, and invented words."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from random import Random
from typing import TypeVar

from palaver_training.sample import Split

T = TypeVar("T")
Pair = tuple[str, str]

RESERVED_PERCENT = 15
"""How many items of a hundred are kept for the held-out split."""


def words_of(table: str) -> list[str]:
    """The words of a table that separates them by blanks."""
    return table.split()


def _pairs(table: str) -> list[Pair]:
    words = words_of(table)
    return list(zip(words[::2], words[1::2], strict=True))


NOUNS: list[Pair] = _pairs("""
bag 包 ball 球 balloon 气球 basket 篮子 beach 沙滩 bed 床 bell 铃 bike 自行车 blanket 毯子
boat 小船 book 书 boot 靴子 bottle 瓶子 bowl 碗 box 盒子 boy 男孩 brick 砖 bridge 桥 brother 兄弟
brush 刷子 bucket 桶 bus 公交车 button 按钮 calendar 日历 camera 相机 candle 蜡烛 cap 帽子
car 汽车 card 卡片 castle 城堡 cave 山洞 chair 椅子 child 孩子 city 城市 clock 钟 cloud 云
coat 外套 coin 硬币 computer 电脑 cup 杯子 desk 书桌 dictionary 字典 doctor 医生 doll 娃娃
door 门 dream 梦 dress 裙子 drum 鼓 ear 耳朵 earth 地球 eye 眼睛 face 脸 factory 工厂 family 家庭
fan 风扇 farm 农场 farmer 农民 father 父亲 film 电影 finger 手指 fire 火 flag 旗子 floor 地板
flower 花 foot 脚 forest 森林 fork 叉子 friend 朋友 game 游戏 garden 花园 gate 大门 gift 礼物
girl 女孩 glass 玻璃 glasses 眼镜 glove 手套 gold 金子 grass 草 ground 地面 guest 客人
guitar 吉他 hair 头发 hammer 锤子 hand 手 head 头 heart 心 hill 小山 hole 洞 holiday 假期 home 家
hospital 医院 hotel 酒店 hour 小时 house 房子 ice 冰 idea 想法 island 岛 jacket 夹克 key 钥匙
king 国王 kitchen 厨房 kite 风筝 knife 刀 ladder 梯子 lake 湖 lamp 灯 language 语言 leaf 叶子
leg 腿 lesson 课 letter 信 library 图书馆 light 光 line 线 machine 机器 mail 邮件 map 地图
market 市场 message 消息 metal 金属 minute 分钟 mirror 镜子 money 钱 month 月份 moon 月亮
morning 早晨 mother 母亲 mountain 山 mouth 嘴 museum 博物馆 music 音乐 name 名字 neighbour 邻居
newspaper 报纸 night 夜晚 nose 鼻子 number 数字 nurse 护士 ocean 大海 office 办公室 page 页
paint 油漆 painting 画 paper 纸 park 公园 party 聚会 pen 钢笔 pencil 铅笔 phone 电话 photo 照片
piano 钢琴 picture 图片 pillow 枕头 plane 飞机 plant 植物 plate 盘子 pocket 口袋 poem 诗
pool 水池 prize 奖品 queen 女王 question 问题 radio 收音机 rain 雨 ring 戒指 river 河 road 路
robot 机器人 rocket 火箭 roof 屋顶 room 房间 rope 绳子 rose 玫瑰 sand 沙子 school 学校
scissors 剪刀 screen 屏幕 sea 海 seed 种子 shadow 影子 ship 船 shirt 衬衫 shoe 鞋 shop 商店
sister 姐妹 sky 天空 snow 雪 soap 肥皂 sock 袜子 sofa 沙发 soldier 士兵 song 歌 spoon 勺子
spring 春天 star 星星 station 车站 stone 石头 storm 暴风雨 story 故事 street 街道 student 学生
summer 夏天 sun 太阳 table 桌子 taxi 出租车 teacher 老师 television 电视 tent 帐篷 ticket 票
tool 工具 tooth 牙齿 towel 毛巾 tower 塔 town 小镇 toy 玩具 train 火车 tree 树 truck 卡车
umbrella 雨伞 uncle 叔叔 valley 山谷 vase 花瓶 village 村庄 violin 小提琴 voice 声音 wall 墙
watch 手表 water 水 wave 波浪 weather 天气 week 星期 wheel 轮子 wind 风 window 窗户 winter 冬天
wood 木头 word 单词 world 世界
""")

ADJECTIVES: list[Pair] = _pairs("""
angry 生气 bad 坏 beautiful 美丽 big 大 brave 勇敢 bright 明亮 busy 忙 calm 平静 careful 小心
cheap 便宜 clean 干净 clear 清楚 clever 聪明 cold 冷 cool 凉 correct 正确 cute 可爱
dangerous 危险 dark 黑暗 deep 深 different 不同 difficult 难 dirty 脏 dry 干 early 早 easy 容易
empty 空 expensive 贵 famous 有名 fast 快 fat 胖 fresh 新鲜 friendly 友好 full 满 funny 有趣
good 好 happy 高兴 hard 硬 healthy 健康 heavy 重 high 高 honest 诚实 hot 热 huge 巨大 hungry 饿
important 重要 late 晚 long 长 loud 响 lucky 幸运 new 新 nice 不错 old 旧 poor 穷 quiet 安静
rich 富有 round 圆 sad 伤心 safe 安全 short 短 simple 简单 slow 慢 small 小 smart 机灵 soft 软
special 特别 strong 强壮 sweet 甜 tall 高大 thick 厚 thin 薄 tired 累 ugly 丑 useful 有用
warm 暖和 weak 弱 wet 湿 wide 宽 wrong 错 young 年轻
""")

VERBS: list[Pair] = _pairs("""
ask 问 buy 买 call 叫 carry 搬 catch 抓住 climb 爬 close 关 come 来 cook 做饭 count 数 cry 哭
cut 切 dance 跳舞 draw 画画 drink 喝 drive 开车 eat 吃 fall 掉 find 找到 finish 完成 fly 飞
forget 忘记 give 给 go 去 hear 听见 help 帮助 jump 跳 know 知道 laugh 笑 learn 学习 like 喜欢
listen 听 live 住 look 看 love 爱 make 做 meet 见面 open 打开 play 玩 push 推 read 读
remember 记得 run 跑 see 看见 sell 卖 send 寄 sing 唱歌 sit 坐 sleep 睡觉 smile 微笑 speak 说话
stand 站 start 启动 stop 停 study 研究 swim 游泳 teach 教 think 想 use 用 visit 拜访 wait 等
walk 走 wash 洗 wear 穿 win 赢 work 工作 write 写
""")

COLOURS: list[Pair] = _pairs("""
red 红色 blue 蓝色 green 绿色 yellow 黄色 black 黑色 white 白色 grey 灰色 brown 棕色 pink 粉色 purple 紫色
orange 橙色 golden 金色 silver 银色 turquoise 青色 beige 米色 violet 紫罗兰色 crimson 深红色 navy 深蓝色
cream 奶油色 khaki 土黄色
""")

NAMES: list[Pair] = _pairs("""
Adam 亚当 Alan 艾伦 Alex 亚历 Alice 爱丽丝 Amy 艾米 Anna 安娜 Anne 安妮 Arthur 亚瑟 Ben 本
Bill 比尔 Bob 鲍勃 Brian 布莱恩 Carl 卡尔 Carlos 卡洛斯 Carol 卡罗尔 Chen 陈 Chloe 克洛伊
Chris 克里斯 Clara 克拉拉 Daisy 黛西 Dan 丹 Daniel 丹尼尔 David 大卫 Diana 黛安娜 Edward 爱德华
Elena 埃琳娜 Ella 埃拉 Emily 艾米丽 Emma 艾玛 Eric 埃里克 Eva 伊娃 Fang 芳 Felix 菲利克斯
Fiona 菲奥娜 Frank 弗兰克 Fred 弗雷德 George 乔治 Grace 格蕾丝 Hana 花奈 Hannah 汉娜 Harry 哈里
Helen 海伦 Henry 亨利 Hugo 雨果 Ian 伊恩 Ivan 伊万 Iris 艾丽斯 Jack 杰克 James 詹姆斯 Jane 简
Jason 杰森 Jenny 珍妮 Jim 吉姆 Joe 乔 John 约翰 Judy 朱迪 Julia 朱莉娅 Karen 凯伦 Kate 凯特
Ken 肯 Kevin 凯文 Lena 莱娜 Leo 利奥 Li 李 Lily 莉莉 Linda 琳达 Lisa 丽莎 Lucy 露西 Luis 路易斯
Luke 卢克 Maria 玛丽亚 Mark 马克 Martin 马丁 Mary 玛丽 Max 马克斯 Mei 梅 Mia 米娅 Mike 迈克
Ming 明 Mona 莫娜 Nancy 南希 Nick 尼克 Nina 妮娜 Nora 诺拉 Oliver 奥利弗 Olivia 奥利维亚
Omar 奥马尔 Oscar 奥斯卡 Paul 保罗 Peter 彼得 Ping 平 Rita 丽塔 Robert 罗伯特 Rosa 罗莎 Ruth 露丝
Ryan 瑞安 Sam 山姆 Sara 萨拉 Simon 西蒙 Stella 斯特拉 Susan 苏珊 Ted 泰德 Tim 蒂姆 Tina 蒂娜
Tom 汤姆 Tony 托尼 Vera 薇拉 Wei 伟 Wendy 温迪 Will 威尔 Xiao 小晓 Yan 燕 Yuki 雪奈 Zhang 张
Zoe 佐伊
""")

CITIES: list[Pair] = _pairs("""
Amsterdam 阿姆斯特丹 Athens 雅典 Bangkok 曼谷 Barcelona 巴塞罗那 Beijing 北京 Berlin 柏林
Bogota 波哥大 Bonn 波恩 Boston 波士顿 Brussels 布鲁塞尔 Budapest 布达佩斯 Cairo 开罗 Chengdu 成都
Chicago 芝加哥 Dalian 大连 Dallas 达拉斯 Delhi 德里 Dubai 迪拜 Dublin 都柏林 Florence 佛罗伦萨
Frankfurt 法兰克福 Geneva 日内瓦 Guangzhou 广州 Hamburg 汉堡 Hangzhou 杭州 Hanoi 河内
Harbin 哈尔滨 Havana 哈瓦那 Helsinki 赫尔辛基 Istanbul 伊斯坦布尔 Jakarta 雅加达 Kunming 昆明
Kyoto 京都 Lima 利马 Lisbon 里斯本 London 伦敦 Lyon 里昂 Madrid 马德里 Manila 马尼拉
Melbourne 墨尔本 Miami 迈阿密 Milan 米兰 Montreal 蒙特利尔 Moscow 莫斯科 Mumbai 孟买
Munich 慕尼黑 Nanjing 南京 Naples 那不勒斯 Osaka 大阪 Oslo 奥斯陆 Ottawa 渥太华 Paris 巴黎
Prague 布拉格 Qingdao 青岛 Quito 基多 Riga 里加 Rome 罗马 Santiago 圣地亚哥 Seattle 西雅图
Seoul 首尔 Shanghai 上海 Shenzhen 深圳 Sofia 索非亚 Stockholm 斯德哥尔摩 Suzhou 苏州 Sydney 悉尼
Tianjin 天津 Tokyo 东京 Toronto 多伦多 Tunis 突尼斯 Venice 威尼斯 Vienna 维也纳 Warsaw 华沙
Wuhan 武汉 Xian 西安 Zurich 苏黎世
""")

FOODS: list[Pair] = _pairs("""
apple 苹果 banana 香蕉 bean 豆子 beef 牛肉 bread 面包 butter 黄油 cabbage 白菜 cake 蛋糕
candy 糖果 carrot 胡萝卜 cheese 奶酪 chocolate 巧克力 coffee 咖啡 corn 玉米 dumpling 饺子
egg 鸡蛋 grape 葡萄 ham 火腿 honey 蜂蜜 juice 果汁 lemon 柠檬 mango 芒果 melon 瓜 milk 牛奶
mushroom 蘑菇 noodle 面条 onion 洋葱 peach 桃子 pear 梨 pizza 披萨 pork 猪肉 potato 土豆
pumpkin 南瓜 rice 米饭 salad 沙拉 salt 盐 sandwich 三明治 sauce 酱 soup 汤 strawberry 草莓
sugar 糖 tea 茶 toast 吐司 tofu 豆腐 tomato 西红柿 yogurt 酸奶
""")

ANIMALS: list[Pair] = _pairs("""
ant 蚂蚁 bat 蝙蝠 bear 熊 bee 蜜蜂 bird 鸟 butterfly 蝴蝶 cat 猫 chicken 鸡 cow 奶牛 crow 乌鸦
deer 鹿 dog 狗 dolphin 海豚 donkey 驴 dragon 龙 duck 鸭子 eagle 老鹰 elephant 大象 fish 鱼
fox 狐狸 frog 青蛙 giraffe 长颈鹿 goat 山羊 goose 鹅 horse 马 kitten 小猫 lion 狮子 monkey 猴子
mouse 老鼠 owl 猫头鹰 panda 熊猫 parrot 鹦鹉 penguin 企鹅 pig 猪 pigeon 鸽子 puppy 小狗
rabbit 兔子 shark 鲨鱼 sheep 绵羊 snake 蛇 spider 蜘蛛 squirrel 松鼠 swan 天鹅 tiger 老虎
turtle 乌龟 whale 鲸鱼 wolf 狼 zebra 斑马
""")

_ONSETS = words_of(
    "b c d f g h j k l m n p q r s t v w x z bl br ch cl cr dr fl fr gl gr kl kr pl pr qu "
    "sh sk sl sm sn sp st sw th tr tw vl vr wh zh"
)
_VOWELS = words_of("a e i o u a e i o u y ai au ea ei ia io oo ou ue")
_CODAS = words_of(
    "b d f g k l m n p r s t v x z ck ft ld lk lm lt mp nd ng nk nt rd rk rn rt sh st th"
)
_CONSONANTS = "bcdfghjklmnpqrstvwxz"


def all_pairs() -> list[Pair]:
    """Every word of the tables."""
    tables = (NOUNS, ADJECTIVES, VERBS, COLOURS, NAMES, CITIES, FOODS, ANIMALS)
    return [pair for table in tables for pair in table]


_KNOWN = frozenset(english.lower() for english, _ in all_pairs())


def reserved(text: str, percent: int = RESERVED_PERCENT) -> bool:
    """Whether a text belongs to the held-out split, the same in every run."""
    digest = blake2b(text.encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") % 100 < percent


def belongs(text: str, split: Split, percent: int = RESERVED_PERCENT) -> bool:
    """Whether a text may be used in ``split``."""
    return reserved(text, percent) == (split == "held_out")


def pool(items: Sequence[T], split: Split) -> list[T]:
    """The items that ``split`` may use: some 15% are reserved for held_out."""
    ordered = sorted(items, key=lambda item: blake2b(repr(item).encode()).digest())
    kept = round(len(ordered) * RESERVED_PERCENT / 100)
    kept = max(1, kept) if len(ordered) > 1 else 0
    chosen = {id(item) for item in ordered[:kept]}
    mine = [item for item in items if (id(item) in chosen) == (split == "held_out")]
    return mine or list(items)


def pseudo_word(rng: Random, split: Split) -> str:
    """An invented lower-case word of three to nine letters."""
    while True:
        word = _invent(rng)
        if 3 <= len(word) <= 9 and word not in _KNOWN and belongs(word, split):
            return word


def _invent(rng: Random) -> str:
    if rng.random() < 0.15:
        return "".join(rng.choice(_CONSONANTS) for _ in range(rng.randint(3, 6)))
    syllables = rng.choice((1, 1, 2, 2, 2, 3))
    word = "".join(rng.choice(_ONSETS) + rng.choice(_VOWELS) for _ in range(syllables))
    return word + (rng.choice(_CODAS) if rng.random() < 0.6 else "")
