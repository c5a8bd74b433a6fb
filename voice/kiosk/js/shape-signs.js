// Signs on the shape: two bars for paused, a microphone or a connection that is crossed out.

/** A line through these points, given in shares of the radius. */
function line(paint, radius, ...points) {
  paint.beginPath();
  for (const [x, y] of points) paint.lineTo(x * radius, y * radius);
  paint.stroke();
}

function bar(paint, radius, x, y, width, height) {
  paint.beginPath();
  paint.roundRect(x * radius, y * radius, width * radius, height * radius, (Math.min(width, height) * radius) / 2);
  paint.fill();
}

function arc(paint, radius, y, size, from, to) {
  paint.beginPath();
  paint.arc(0, y * radius, size * radius, from * Math.PI, to * Math.PI);
  paint.stroke();
}

const slash = (paint, radius) => line(paint, radius, [-0.36, -0.36], [0.36, 0.36]);

/** By state: draw on `paint` for a shape of this radius around the origin. */
export const SIGNS = {
  paused(paint, radius) {
    bar(paint, radius, -0.3, -0.34, 0.19, 0.68);
    bar(paint, radius, 0.11, -0.34, 0.19, 0.68);
  },
  blocked(paint, radius) {
    bar(paint, radius, -0.13, -0.42, 0.26, 0.5);
    arc(paint, radius, -0.06, 0.27, 0.06, 0.94);
    line(paint, radius, [0, 0.21], [0, 0.38]);
    slash(paint, radius);
  },
  trouble(paint, radius) {
    bar(paint, radius, -0.075, 0.2, 0.15, 0.15);
    arc(paint, radius, 0.28, 0.3, 1.25, 1.75);
    arc(paint, radius, 0.28, 0.55, 1.25, 1.75);
    slash(paint, radius);
  },
};
