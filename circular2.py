from circular1 import y
x = 1
