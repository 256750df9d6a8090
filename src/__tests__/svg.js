// What an imported icon is in tests: an SVG without a drawing.
module.exports = '<svg xmlns="http://www.w3.org/2000/svg"></svg>';
