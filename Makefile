# One word per need; the work is in script/.
.PHONY: run test tidy bench format golden
run: ; @script/server
test: ; @script/test
tidy: ; @script/tidy
bench: ; @script/bench $(NAME)
format: ; @script/format
golden: ; @script/golden $(DIR)
