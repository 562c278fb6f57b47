exports.load = () => require("./build/addon.node");
