"""Hostile programs, each named by its goal. FOLDER and SECRET stand for the canaries of `conftest`. Every program
prints HARMED if it succeeds."""

# ruff: noqa: E501

ATTACKS: dict[str, str] = {
    "endless loop": "while True:\n    pass",
    "loop that catches everything": "while True:\n    try:\n        while True:\n            pass\n    except BaseException:\n        pass",
    "huge power": "n = 9 ** (9 ** 8)\nprint('HARMED', n % 10)",
    "huge multiplication": "n = 3 ** 2_000_000\nfor _ in range(40):\n    n = n * n\nprint('HARMED')",
    "list doubling": "a = ['x']\nwhile True:\n    a = a + a",
    "string repetition": "print(len('ab' * 10 ** 10), 'HARMED')",
    "dict growth": "d = {}\ni = 0\nwhile True:\n    d[i] = str(i) * 50\n    i += 1",
    "fork bomb": "import os\nfor _ in range(50):\n    if os.fork() == 0:\n        while True:\n            pass\nprint('HARMED')",
    "shell": "import os\nif os.system('touch FOLDER/shell') == 0:\n    print('HARMED')",
    "subprocess": "import subprocess\nprint(subprocess.check_output(['id']), 'HARMED')",
    "environment": "import os\nif 'SECRET' in str(dict(os.environ)):\n    print('HARMED')",
    "environment of the process": "if b'SECRET' in open('/proc/self/environ', 'rb').read():\n    print('HARMED')",
    "environment of the parent": (
        "import os\nraw = open('/proc/%d/environ' % os.getppid(), 'rb').read()\nif b'SECRET' in raw:\n    print('HARMED')"
    ),
    "password file": "print(open('/etc/passwd').read(), 'HARMED')",
    "read the canary": "print('HARMED', open('FOLDER/token').read())",
    "write beside the canary": "with open('FOLDER/written', 'w') as f:\n    f.write('x')\nprint('HARMED')",
    "pathlib": "from pathlib import Path\nPath('FOLDER/path').write_text('x')\nprint('HARMED')",
    "delete the canary": "import os\nos.remove('FOLDER/token')\nprint('HARMED')",
    "list the root": "import os\nprint(os.listdir('/root'), 'HARMED')",
    "symlink": "import os\nos.symlink('FOLDER/token', 'FOLDER/link')\nprint('HARMED')",
    "socket": (
        "import socket\ns = socket.socket()\ns.settimeout(1)\ns.connect(('127.0.0.1', PORT))\ns.send(b'x')\nprint('HARMED')"
    ),
    "unix socket": "import socket\na, b = socket.socketpair()\na.send(b'x')\nprint('HARMED')",
    "import by function": "__import__('os').system('touch FOLDER/dunder') == 0 and print('HARMED')",
    "import inside eval": "eval(\"__import__('os').system('touch FOLDER/eval')\") == 0 and print('HARMED')",
    "importlib": "import importlib\nimportlib.import_module('os').system('touch FOLDER/lib') == 0 and print('HARMED')",
    "subclass walk": (
        "for c in ().__class__.__base__.__subclasses__():\n    if c.__name__ == 'Popen':\n        c(['touch', 'FOLDER/popen'])\n"
        "        print('HARMED')"
    ),
    "globals of a tool": "print(display.__globals__['SECRET_TOKEN'], 'HARMED')",
    "format string": "print('{0.__init__.__globals__[SECRET_TOKEN]}'.format(image_1), 'HARMED')",
    "host object's class": "print(image_1.__class__.__mro__[0].__init__.__globals__['SECRET_TOKEN'], 'HARMED')",
    "attributes of the host object": "print(image_1.__dict__['_session'], image_1.number.real, image_1.pixels, 'HARMED')",
    "generator frames": (
        "g = (i for i in [1])\nf = g.gi_frame.f_back\nwhile f.f_back:\n    f = f.f_back\nprint(f.f_globals['SECRET_TOKEN'], 'HARMED')"
    ),
    "traceback frames": (
        "try:\n    1 / 0\nexcept Exception as e:\n    print(e.__traceback__.tb_frame.f_back.f_globals['SECRET_TOKEN'], 'HARMED')"
    ),
    "modules behind PIL": (
        "from PIL import ImageFont\nImageFont.os.system('touch FOLDER/font') == 0 and print('HARMED')"
    ),
    "font file": (
        "from PIL import ImageFont, ImageDraw\nf = ImageFont.truetype('FOLDER/token', 20)\nprint(f.path, 'HARMED')\nraise OSError"
    ),
    "open through PIL": "from PIL import Image\nImage.open('FOLDER/token.png').load()\nprint('HARMED')",
    "endless recursion": "def f(x):\n    return [f(x)]\nf(1)\nprint('HARMED')",
    "recursion through repr": "a = []\nfor _ in range(300_000):\n    a = [a]\nrepr(a)",
    "parentheses": "(" * 9000 + ")" * 9000,
    "sums without end": "x = " + "1+" * 9000 + "1",
    "signs without end": "x = " + "-" * 19_000 + "1",
    "very long source": "x = 1\n" * 100_000,
    "null characters": "x = 1\0\nprint('HARMED')",
    "pickle": "import pickle\npickle.loads(b\"cos\\nsystem\\n(S'touch FOLDER/pickle'\\ntR.\") == 0 and print('HARMED')",
    "marshal and code": "import types, marshal\nmarshal.loads(b'\\xe3' + b'\\x00' * 200)\nprint('HARMED')",
    "leave at once": "import os\nos._exit(0)",
    "leave politely": "raise SystemExit(0)",
    "interrupt": "raise KeyboardInterrupt",
    "signal the parent": "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)\nprint('HARMED')",
    "signal all": "import os\nos.kill(-1, 9)\nprint('HARMED')",
    "lower the host's limits": (
        "import os, resource\nresource.prlimit(os.getppid(), resource.RLIMIT_NOFILE, (3, 3))\nprint('HARMED')"
    ),
    "print flood": "while True:\n    print('y' * 100_000)",
    "flood of empty lines": "while True:\n    print()",
    "print one thing many times": "a = ['z' * 1_000_000] * 1000\nprint(*a)",
    "giant exception": "raise RuntimeError('e' * 30_000_000)",
    "sleep": "import time\ntime.sleep(60)\nprint('HARMED')",
    "huge canvas": "from PIL import Image\nImage.new('RGB', (200_000, 200_000))\nprint('HARMED')",
    "huge resize": "image_1.resize((90_000, 90_000))\nprint('HARMED')",
    "many canvases": "from PIL import Image\na = []\nwhile True:\n    a.append(Image.new('RGB', (5000, 5000)))",
    "slow filter": "from PIL import ImageFilter\nwhile True:\n    image_1.filter(ImageFilter.MedianFilter(99_999))",
    "boxes upon boxes": (
        "big = image_1.resize((6000, 6000))\nboxes = {'%d' % i: [0, 0, 6000, 6000] for i in range(200)}\n"
        "focus_on_rows_with_highlight(big, list(boxes), boxes)"
    ),
    "sorting windows": (
        "from PIL import ImageFilter\nbig = image_1.resize((6000, 6000))\nbig.filter(ImageFilter.MaxFilter(9))"
    ),
    "wide strokes": (
        "from PIL import ImageDraw\nd = ImageDraw.Draw(image_1)\nwhile True:\n    d.line([(0, 0), (10 ** 15, 10 ** 15)], width=10 ** 9)"
    ),
    "two million labels": "focus_on_x_values_with_draw(image_1, ['b'] * 2_000_000, x_values_bbox)\nprint('HARMED')",
    "shared labels": "a = ['b'] * 1000\nfocus_on_x_values_with_draw(image_1, [a] * 1000, {})\nprint('HARMED')",
    "labels that hold themselves": "a = []\na.append(a)\nfocus_on_x_values_with_draw(image_1, a, {})\nprint('HARMED')",
    "deep arguments": "a = 1\nfor _ in range(90_000):\n    a = {'k': a}\nfocus_on_rows_with_mask(image_1, ['k'], a)\nprint('HARMED')",
    "objects with a giant name": (
        "K = type('N' * 1_000_000, (), {})\ndisplay(*[K() for _ in range(3000)])\nprint('HARMED')"
    ),
    "objects with giant attributes": (
        "class K:\n    pass\na = []\nfor _ in range(2000):\n    k = K()\n    setattr(k, 'n' * 20_000, 1)\n    a.append(k)\n"
        "display(*a)\nprint('HARMED')"
    ),
    "giant integer": "image_1.crop((0, 0, 10 ** 400_000, 5))\nprint('HARMED')",
    "not a number": (
        "n = float('nan')\nfocus_on_x_values_with_draw(image_1, ['a'], {'a': {'x1': n, 'y1': n, 'x2': n, 'y2': n}})\nprint('HARMED')"
    ),
    "infinite boxes": "i = float('inf')\nimage_1.crop((i, i, i, i))\nprint('HARMED')",
    "keyword flood": "display(**{'k%d' % i: 'v' * 100 for i in range(50_000)})\nprint('HARMED')",
    "receiver by keyword": "image_1.crop(on=2, session=None, box=(0, 0, 5, 5))\nprint('HARMED')",
    "tool calls without end": "while True:\n    try:\n        image_1.getpixel((0, 0))\n    except Exception:\n        pass",
    "pictures without end": "while True:\n    display(image_1)",
    "threads": "import threading\nfor _ in range(500):\n    threading.Thread(target=lambda: None).start()\nprint('HARMED')",
    "native code": "import ctypes\nctypes.CDLL(None).system(b'touch FOLDER/native') == 0 and print('HARMED')",
    "numpy writes": "import numpy as np\nnp.zeros(3).tofile('FOLDER/np')\nprint('HARMED')",
    "numpy reads": "import numpy as np\nprint(np.fromfile('FOLDER/token', dtype='u1'), 'HARMED')",
    "numpy unpickles": (
        "import numpy as np, io, pickle\n\nclass R:\n    def __reduce__(self):\n        import os\n"
        "        return (os.mkfifo, ('FOLDER/fifo',))\n\nb = io.BytesIO()\nnp.save(b, np.array([R()], dtype=object))\n"
        "b.seek(0)\nnp.load(b, allow_pickle=True)\nprint('HARMED')"
    ),
    "OpenCV reads": "import cv2\nf = cv2.FileStorage('FOLDER/token', 0)\nif f.isOpened():\n    print('HARMED')",
    "OpenCV writes": "import cv2\nf = cv2.FileStorage('FOLDER/cv.yml', 1)\nif f.isOpened():\n    print('HARMED')",
    "mount": "import ctypes\nif ctypes.CDLL(None).mount(b'none', b'/mnt', b'tmpfs', 0, None) == 0:\n    print('HARMED')",
    "trace the parent": (
        "import ctypes, os\nif ctypes.CDLL(None).ptrace(16, os.getppid(), 0, 0) == 0:\n    print('HARMED')"
    ),
    "descriptors of the host": (
        "import os\nfor fd in range(3, 100):\n    try:\n        if b'SECRET' in os.pread(fd, 1000, 0):\n            print('HARMED')\n"
        "    except OSError:\n        pass"
    ),
    "write into every descriptor": (
        "import os\nfor fd in range(3, 30):\n    try:\n        os.write(fd, b'\\xff' * 64)\n    except OSError:\n        pass\nos._exit(0)"
    ),
    "forged reply": (
        "import os, json\nbody = json.dumps({'printed': '', 'error': None, 'boxes': [], 'pictures': [[9999999, 9999999, 0, 0, 1, 1]]})"
        ".encode()\nfor fd in range(3, 30):\n    try:\n        os.write(fd, len(body).to_bytes(4, 'big') + body)\n"
        "    except OSError:\n        pass\nos._exit(0)"
    ),
    "reply that never ends": (
        "import os\nfor fd in range(3, 30):\n    try:\n        while True:\n            os.write(fd, b'\\x00\\x0f\\xff\\xff' + b' ' * 60_000)\n"
        "    except OSError:\n        pass"
    ),
}  # fmt: skip
