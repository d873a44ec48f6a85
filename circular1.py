from circular2 import x
