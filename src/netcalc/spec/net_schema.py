"""Generated from net.schema.json by `python -m netcalc.spec.generate`."""

DIGEST = "52c76e8d51872014aed7353ce47f32434f352a507e174912010d998b143ad755"
from decimal import Decimal
from netcalc.spec.schema import InvalidError as JsonSchemaValueException, InvalidError as JsonSchemaValuesException


NoneType = type(None)

def validate_urn_netcalc_net(data, custom_formats={}, name_prefix=None):
    if not isinstance(data, (dict)):
        raise JsonSchemaValueException("" + (name_prefix or "data") + " must be object")
    data_is_dict = isinstance(data, dict)
    if data_is_dict:
        data__missing_keys = set(['layers']) - data.keys()
        if data__missing_keys:
            raise JsonSchemaValueException("" + (name_prefix or "data") + " must contain ")
        data_keys = set(data.keys())
        if "input" in data_keys:
            data_keys.remove("input")
            data__input = data["input"]
            validate___definitions_tensor(data__input, custom_formats, (name_prefix or "data") + ".input")
        if "target" in data_keys:
            data_keys.remove("target")
            data__target = data["target"]
            validate___definitions_tensor(data__target, custom_formats, (name_prefix or "data") + ".target")
        if "delta" in data_keys:
            data_keys.remove("delta")
            data__delta = data["delta"]
            validate___definitions_tensor(data__delta, custom_formats, (name_prefix or "data") + ".delta")
        if "loss" in data_keys:
            data_keys.remove("loss")
            data__loss = data["loss"]
            if not isinstance(data__loss, (str)):
                raise JsonSchemaValueException("" + (name_prefix or "data") + ".loss must be string")
        if "reduction" in data_keys:
            data_keys.remove("reduction")
            data__reduction = data["reduction"]
            if not (isinstance(data__reduction, str) and data__reduction == 'sum' or isinstance(data__reduction, str) and data__reduction == 'mean' or isinstance(data__reduction, str) and data__reduction == 'batch'):
                raise JsonSchemaValueException("" + (name_prefix or "data") + ".reduction must be one of ['sum', 'mean', 'batch']")
        if "weight_decay" in data_keys:
            data_keys.remove("weight_decay")
            data__weightdecay = data["weight_decay"]
            validate___definitions_number(data__weightdecay, custom_formats, (name_prefix or "data") + ".weight_decay")
        if "label_smoothing" in data_keys:
            data_keys.remove("label_smoothing")
            data__labelsmoothing = data["label_smoothing"]
            validate___definitions_number(data__labelsmoothing, custom_formats, (name_prefix or "data") + ".label_smoothing")
        if "ignore_index" in data_keys:
            data_keys.remove("ignore_index")
            data__ignoreindex = data["ignore_index"]
            if not isinstance(data__ignoreindex, (int)) and not (isinstance(data__ignoreindex, float) and data__ignoreindex.is_integer()) or isinstance(data__ignoreindex, bool):
                raise JsonSchemaValueException("" + (name_prefix or "data") + ".ignore_index must be integer")
        if "weights" in data_keys:
            data_keys.remove("weights")
            data__weights = data["weights"]
            validate___definitions_tensor(data__weights, custom_formats, (name_prefix or "data") + ".weights")
        if "temperature" in data_keys:
            data_keys.remove("temperature")
            data__temperature = data["temperature"]
            validate___definitions_number(data__temperature, custom_formats, (name_prefix or "data") + ".temperature")
        if "seed" in data_keys:
            data_keys.remove("seed")
            data__seed = data["seed"]
            if not isinstance(data__seed, (int)) and not (isinstance(data__seed, float) and data__seed.is_integer()) or isinstance(data__seed, bool):
                raise JsonSchemaValueException("" + (name_prefix or "data") + ".seed must be integer")
            if isinstance(data__seed, (int, float, Decimal)) and not isinstance(data__seed, bool):
                if data__seed < 0:
                    raise JsonSchemaValueException("" + (name_prefix or "data") + ".seed must be bigger than or equal to 0")
        if "layers" in data_keys:
            data_keys.remove("layers")
            data__layers = data["layers"]
            if not isinstance(data__layers, (list, tuple)):
                raise JsonSchemaValueException("" + (name_prefix or "data") + ".layers must be array")
            data__layers_is_list = isinstance(data__layers, (list, tuple))
            if data__layers_is_list:
                data__layers_len = len(data__layers)
                if data__layers_len < 1:
                    raise JsonSchemaValueException("" + (name_prefix or "data") + ".layers must contain at least 1 items")
                for data__layers_x, data__layers_item in enumerate(data__layers):
                    validate___definitions_layer(data__layers_item, custom_formats, (name_prefix or "data") + ".layers[{data__layers_x}]".format(**locals()))
        if data_keys:
            raise JsonSchemaValueException("" + (name_prefix or "data") + " must not contain "+str(data_keys)+" properties")
    return data

def validate___definitions_layer(data, custom_formats={}, name_prefix=None):
    if not isinstance(data, (dict)):
        raise JsonSchemaValueException("" + (name_prefix or "data") + " must be object")
    data_is_dict = isinstance(data, dict)
    if data_is_dict:
        data_keys = set(data.keys())
        if "W" in data_keys:
            data_keys.remove("W")
            data__W = data["W"]
            validate___definitions_tensor(data__W, custom_formats, (name_prefix or "data") + ".W")
        if "b" in data_keys:
            data_keys.remove("b")
            data__b = data["b"]
            validate___definitions_tensor(data__b, custom_formats, (name_prefix or "data") + ".b")
        if "activation" in data_keys:
            data_keys.remove("activation")
            data__activation = data["activation"]
            if not isinstance(data__activation, (str)):
                raise JsonSchemaValueException("" + (name_prefix or "data") + ".activation must be string")
        if "size" in data_keys:
            data_keys.remove("size")
            data__size = data["size"]
            if not isinstance(data__size, (int)) and not (isinstance(data__size, float) and data__size.is_integer()) or isinstance(data__size, bool):
                raise JsonSchemaValueException("" + (name_prefix or "data") + ".size must be integer")
            if isinstance(data__size, (int, float, Decimal)) and not isinstance(data__size, bool):
                if data__size < 1:
                    raise JsonSchemaValueException("" + (name_prefix or "data") + ".size must be bigger than or equal to 1")
        if "init" in data_keys:
            data_keys.remove("init")
            data__init = data["init"]
            if not (isinstance(data__init, str) and data__init == 'zeros' or isinstance(data__init, str) and data__init == 'ones' or isinstance(data__init, str) and data__init == 'xavier' or isinstance(data__init, str) and data__init == 'he'):
                raise JsonSchemaValueException("" + (name_prefix or "data") + ".init must be one of ['zeros', 'ones', 'xavier', 'he']")
        if "seed" in data_keys:
            data_keys.remove("seed")
            data__seed = data["seed"]
            if not isinstance(data__seed, (int)) and not (isinstance(data__seed, float) and data__seed.is_integer()) or isinstance(data__seed, bool):
                raise JsonSchemaValueException("" + (name_prefix or "data") + ".seed must be integer")
            if isinstance(data__seed, (int, float, Decimal)) and not isinstance(data__seed, bool):
                if data__seed < 0:
                    raise JsonSchemaValueException("" + (name_prefix or "data") + ".seed must be bigger than or equal to 0")
        if data_keys:
            raise JsonSchemaValueException("" + (name_prefix or "data") + " must not contain "+str(data_keys)+" properties")
    return data

def validate___definitions_number(data, custom_formats={}, name_prefix=None):
    if not isinstance(data, (int, float, Decimal, str)) or isinstance(data, bool):
        raise JsonSchemaValueException("" + (name_prefix or "data") + " must be number or string")
    return data

def validate___definitions_tensor(data, custom_formats={}, name_prefix=None):
    data_any_of_count1 = 0
    if not data_any_of_count1:
        try:
            validate___definitions_number(data, custom_formats, (name_prefix or "data") + "")
            data_any_of_count1 += 1
        except (JsonSchemaValueException, JsonSchemaValuesException): pass
    if not data_any_of_count1:
        try:
            if not isinstance(data, (list, tuple)):
                raise JsonSchemaValueException("" + (name_prefix or "data") + " must be array")
            data_is_list = isinstance(data, (list, tuple))
            if data_is_list:
                data_len = len(data)
                if data_len < 1:
                    raise JsonSchemaValueException("" + (name_prefix or "data") + " must contain at least 1 items")
                for data_x, data_item in enumerate(data):
                    validate___definitions_number(data_item, custom_formats, (name_prefix or "data") + "[{data_x}]".format(**locals()))
            data_any_of_count1 += 1
        except (JsonSchemaValueException, JsonSchemaValuesException): pass
    if not data_any_of_count1:
        try:
            if not isinstance(data, (list, tuple)):
                raise JsonSchemaValueException("" + (name_prefix or "data") + " must be array")
            data_is_list = isinstance(data, (list, tuple))
            if data_is_list:
                data_len = len(data)
                if data_len < 1:
                    raise JsonSchemaValueException("" + (name_prefix or "data") + " must contain at least 1 items")
                for data_x, data_item in enumerate(data):
                    if not isinstance(data_item, (list, tuple)):
                        raise JsonSchemaValueException("" + (name_prefix or "data") + "[{data_x}]".format(**locals()) + " must be array")
                    data_item_is_list = isinstance(data_item, (list, tuple))
                    if data_item_is_list:
                        data_item_len = len(data_item)
                        if data_item_len < 1:
                            raise JsonSchemaValueException("" + (name_prefix or "data") + "[{data_x}]".format(**locals()) + " must contain at least 1 items")
                        for data_item_x, data_item_item in enumerate(data_item):
                            validate___definitions_number(data_item_item, custom_formats, (name_prefix or "data") + "[{data_x}][{data_item_x}]".format(**locals()))
            data_any_of_count1 += 1
        except (JsonSchemaValueException, JsonSchemaValuesException): pass
    if not data_any_of_count1:
        raise JsonSchemaValueException("" + (name_prefix or "data") + " cannot be validated by any definition")
    return data

validate = validate_urn_netcalc_net
