"""The Mandelbrot set as text: float arithmetic in a nested loop with an early way out."""


def iterations(cr, ci, limit):
    zr = zi = 0.0
    for n in range(limit):
        r2, i2 = zr * zr, zi * zi
        if r2 + i2 > 4.0:
            return n
        zi = 2.0 * zr * zi + ci
        zr = r2 - i2 + cr
    return limit


def picture(width, height, limit):
    rows = []
    for y in range(height):
        ci = 2.4 * y / height - 1.2
        row = ""
        for x in range(width):
            n = iterations(3.2 * x / width - 2.2, ci, limit)
            row += " .:-=+*#%@"[n * 9 // limit]
        rows.append(row)
    return rows


print("\n".join(picture(76, 30, 15000)))
